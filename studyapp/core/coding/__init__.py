"""Coding of free text: suggestions, agreement."""
