"""What one analysis says: its record, the section it stands in, its numbers in words and in tables."""
