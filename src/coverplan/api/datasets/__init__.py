"""Datasets over HTTP: uploads and states."""
