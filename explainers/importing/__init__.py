"""Bundles from maps that other tools made: photographs, predictions and maps, without PyTorch."""
