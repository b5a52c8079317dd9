"""Prices of the coupling rows and the bounds they prove."""
