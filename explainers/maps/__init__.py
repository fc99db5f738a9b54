"""What is done with a map once it is there: ranked, weighed by parts, filled in, coloured, shown."""
