"""The statistics and figures of a study, from its exported CSVs."""
