"""The user's network made quick without changing what it says: folded, fused, computed only where it changes."""
