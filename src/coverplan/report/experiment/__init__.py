"""The report of an experiment: one HTML file that compares policies, without a network."""

from coverplan.report.experiment.page import experiment_page

__all__ = ["experiment_page"]
