"""A study in further languages: their codes, all its words one by one, what a translation must keep, and tables."""
