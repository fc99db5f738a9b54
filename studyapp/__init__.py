"""The Django app that runs the studies in the browser."""
