"""Runs: from an instance and its rules to a decoded, recounted answer. Domain in, domain out."""
