"""Streams of events: of a solve at hand, and of a run."""
