"""How an export's files are written and described."""
