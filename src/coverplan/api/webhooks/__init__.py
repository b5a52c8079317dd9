"""Webhooks over HTTP: what is taken of them, and what is shown."""
