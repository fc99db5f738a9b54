"""What an explanation network is trained on."""

from dataclasses import dataclass

import torch


@dataclass
class Examples:
    """Activations Z (M, d) or (M, C, h, w), logits ŷ (M, C) of the explained classes, and each example's group (M,).

    A group is the position of the example's class among the explained ones; −1 for one that belongs to none of them.
    """

    activations: torch.Tensor
    logits: torch.Tensor
    groups: torch.Tensor

    def __len__(self) -> int:
        return len(self.logits)

    def part(self, index: torch.Tensor) -> "Examples":
        return Examples(self.activations[index], self.logits[index], self.groups[index])
