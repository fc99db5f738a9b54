"""What is compared: the trials of every method's record, as cases of one method with its parameters and peers."""

from dataclasses import dataclass, field
from typing import Any

from explainers import registry
from explainers.record import Peer


@dataclass(frozen=True)
class Case:
    """One method with its parameters, which its peers are given too."""

    method: str
    parameters: dict[str, Any] = field(default_factory=dict)
    peers: tuple[Peer, ...] = ()

    @property
    def base(self) -> str:
        """The single-map method that makes the maps."""
        return str(self.parameters.get("base", self.method))

    @property
    def name(self) -> str:
        return self.method if self.base == self.method else f"{self.method} ({self.base})"


def cases(side: int) -> list[Case]:
    """Return the comparisons for images of this size, by method; those that explain the whole output come last."""
    records = registry.METHODS | registry.OUTPUTS
    return [
        Case(name, trial.parameters(side), trial.peers) for name, record in records.items() for trial in record.trials
    ]
