"""Score a bundle's maps and explanation networks by the metrics, from a bundle to its metrics.csv."""
