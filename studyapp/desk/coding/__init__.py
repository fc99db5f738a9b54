"""Coding of free text at the desk."""
