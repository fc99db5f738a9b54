"""Heatmaps as a study shows them: each method's display, its legend and its words, and places marked on them."""
