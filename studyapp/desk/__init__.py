"""The researchers' desk: Django's admin, by topic. Nothing outside imports it."""
