"""A study's stimuli: how its heatmaps look, which pictures are drawn, and what is marked and audited on them."""
