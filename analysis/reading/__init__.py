"""What comes from outside, checked at the edge: exports, CSVs from elsewhere, plans, and who is analysed."""
