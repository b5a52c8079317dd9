"""The report: one HTML file that shows a plan to people, without a network."""

from coverplan.report.page import render

__all__ = ["render"]
