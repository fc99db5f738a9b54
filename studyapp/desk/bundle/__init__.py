"""Bundles at the desk: gallery, true regions, confusable pairs."""
