"""CSVs from elsewhere: how such a file is written, what its map says of it, and a map proposed for it."""
