"""The sections of a report and the records they hold: each takes a study or a measure and answers one question."""
