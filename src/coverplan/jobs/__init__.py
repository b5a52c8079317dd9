"""Durable runs: a queue in the database, workers that take from it, and what happens when one is lost."""
