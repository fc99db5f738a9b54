"""From files to a report folder: what runs, what is laid out, what is written."""
