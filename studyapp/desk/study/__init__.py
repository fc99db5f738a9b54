"""A study: its page, what is edited on it, and its way to publishing."""
