"""Rectangles of images: hidden one at a time, multi-scale occlusion's lattice of them, a density from their scores."""
