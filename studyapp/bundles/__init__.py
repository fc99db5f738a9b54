"""Bundles of heatmaps in the app's own storage: their files, true regions, confusable pairs."""
