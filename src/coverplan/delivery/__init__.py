"""Calling addresses that callers named: only those that the operator admits, and signed."""
