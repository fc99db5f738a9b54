"""Many people at once: as fast as the server lets them, or at their own pace."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread

from .people import Walk

Journey = Callable[[Walk, Callable[[], float]], None]


@dataclass(frozen=True)
class Crowd:
    """What a crowd met, and how long it took from the first request to the last."""

    walks: list[Walk]
    seconds: float

    @property
    def finished(self) -> list[Walk]:
        return [walk for walk in self.walks if walk.finished]


def saturate(journey: Journey, names: list[str], *, workers: int, limit_s: float) -> Crowd:
    """Walk all people, `workers` at a time and without a pause; nobody starts after `limit_s` seconds."""
    waiting: SimpleQueue[str] = SimpleQueue()
    for name in names:
        waiting.put(name)
    begun, walks = time.perf_counter(), []

    def work() -> None:
        while time.perf_counter() - begun < limit_s:
            try:
                walk = Walk(waiting.get_nowait())
            except Empty:
                return
            walks.append(walk)
            _go(journey, walk, lambda: 0.0)

    return _together([Thread(target=work) for _ in range(workers)], walks, begun)


class Over(Exception):
    """The time is up: whoever is still under way leaves, which is nobody's error."""


def paced(journey: Journey, names: list[str], *, pause_s: float, limit_s: float | None = None, seed: int = 1) -> Crowd:
    """Walk all people at the same time, each with a random pause of `pause_s` seconds on average before every answer.

    Pauses are uniform between a fifth and nine fifths of the mean; people arrive spread over ten mean pauses. With a
    limit they arrive in its first quarter, and all have left when it is over.
    """
    walks = [Walk(name) for name in names]
    begun = time.perf_counter()
    arriving_s = 10 * pause_s if limit_s is None else min(10 * pause_s, limit_s / 4)

    def work(walk: Walk) -> None:
        rng = random.Random(f"{seed}{walk.name}")
        time.sleep(rng.uniform(0, arriving_s))

        def think() -> float:
            pause = rng.uniform(0.2, 1.8) * pause_s
            if limit_s is not None and time.perf_counter() - begun + pause > limit_s:
                raise Over
            return pause

        _go(journey, walk, think)

    return _together([Thread(target=work, args=[walk]) for walk in walks], walks, begun)


def _go(journey: Journey, walk: Walk, think: Callable[[], float]) -> None:
    try:
        journey(walk, think)
    except Over:
        return
    except Exception as error:  # whatever befalls one person is counted, and stops nobody else
        walk.error = f"{type(error).__name__}: {error}"


def _together(threads: list[Thread], walks: list[Walk], begun: float) -> Crowd:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Crowd(walks, time.perf_counter() - begun)
