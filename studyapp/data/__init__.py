"""A study, out and in: its data as rows and exports, its definition as a file, reports, the record of changes."""
