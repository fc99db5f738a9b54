"""The bundle, what explainers writes and everything else reads: its files, its raw maps, its predictions."""
