"""Figures: colour-blind-safe, drawn without a display, the same bytes for the same data."""
