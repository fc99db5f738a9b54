"""The rectangles of multi-scale occlusion on one lattice, and a density fitted to their scores."""
