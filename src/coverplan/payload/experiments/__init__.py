"""Experiments: problems x policies x seeds, expanded into cells and summed up. Documents in, documents out."""
