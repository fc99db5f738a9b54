"""Draws that depend on a seed only: not on the device, the batch size or what was drawn before."""

from collections.abc import Sequence

import torch


def seeded(generator: torch.Generator | None) -> torch.Generator:
    """Return the generator, or one with seed 0 when none was given."""
    return torch.Generator().manual_seed(0) if generator is None else generator


def uniform(shape: Sequence[int], generator: torch.Generator, like: torch.Tensor) -> torch.Tensor:
    """Return draws from U(0, 1) on `like`'s device, in its type."""
    return torch.rand(shape, generator=generator, device=generator.device).to(like)


def integers(high: int, shape: Sequence[int], generator: torch.Generator, like: torch.Tensor) -> torch.Tensor:
    """Return draws from 0 … high − 1 on `like`'s device, int64."""
    return torch.randint(high, shape, generator=generator, device=generator.device).to(like.device)


def normal(shape: Sequence[int], generator: torch.Generator, like: torch.Tensor) -> torch.Tensor:
    """Return draws from N(0, 1) on `like`'s device, in its type."""
    return torch.randn(shape, generator=generator, device=generator.device).to(like)
