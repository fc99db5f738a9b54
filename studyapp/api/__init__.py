"""The researchers' API: studies and their data, read only, for those with a role in the study."""
