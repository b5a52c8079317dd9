"""Coverplan assigns accounts to sales reps by a mixed-integer program, with a proven gap and the reasons."""

from importlib.metadata import version

__version__ = version("coverplan")
