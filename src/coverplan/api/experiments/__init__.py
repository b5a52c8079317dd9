"""Experiments over HTTP: taking them in, showing how far they are, and what they came to."""
