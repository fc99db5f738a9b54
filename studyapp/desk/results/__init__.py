"""A study's results at the desk: dashboard, bots, downloads, reports."""
