"""Batches over HTTP: lines in, states and results out."""
