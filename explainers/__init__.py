"""Heatmaps of image classifiers, precomputed: methods, metrics and the bundle they are written to."""
