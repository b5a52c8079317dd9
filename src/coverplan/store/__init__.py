"""What outlives a process: tables of runs and what belongs to them, and blobs of payloads and plans."""
