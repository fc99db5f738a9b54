"""Explanation networks (XNN): a few x-features, learned from a layer's activations, from which the logits follow.

Qi, Khorram, Li 2021, "Embedding Deep Networks into Visual Explanations", Artificial Intelligence. `activations` caches
what the layer gives, `training` learns, `tuning` chooses by cross-validation, `storage` keeps a network in one file,
`heatmaps` shows x-features in the image; `run` does all that a configuration asks for.
"""
