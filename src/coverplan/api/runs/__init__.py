"""Runs over HTTP: their states, and what their requests only name."""
