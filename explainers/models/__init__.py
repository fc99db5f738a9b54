"""The classifier that a configuration names: its code and its weights."""
