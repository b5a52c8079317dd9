"""Backends behind one protocol, the linear relaxation, and model files."""
