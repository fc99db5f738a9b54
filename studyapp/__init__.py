"""The Django app that runs the studies in the browser."""

__version__ = "0.1.0"
