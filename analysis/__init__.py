"""The statistics and figures of a study, from its exported CSVs."""

__version__ = "0.1.0"
