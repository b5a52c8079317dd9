"""Measurements of Coverplan beside other ways to solve the same problems. Run `make bench`."""
