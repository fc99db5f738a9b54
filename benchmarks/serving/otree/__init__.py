"""The demo study's pages as an oTree project, written by hand, to compare throughput with."""
