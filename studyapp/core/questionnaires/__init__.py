"""Questionnaires, which are data of a study: read, placed in a run, scored, answered by bots; each becomes a page."""
