"""Bootstrap intervals that resample participants, never their single answers. Every resampling is seeded."""

import numpy as np

RESAMPLES = 2000


def weights(people: int, seed: int, resamples: int = RESAMPLES) -> np.ndarray:
    """Return how often each participant is drawn in each resample: (resamples, people).

    >>> weights(people=3, seed=1, resamples=4).sum(axis=1)
    array([3., 3., 3., 3.])
    """
    return np.random.default_rng(seed).multinomial(people, np.full(people, 1 / people), resamples).astype(float)


def percentiles(resampled: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """Return the percentile limits of resampled values.

    >>> low, high = percentiles(np.arange(101.0))
    >>> round(low, 6), round(high, 6)
    (2.5, 97.5)
    """
    low, high = np.percentile(resampled, [50 * (1 - level), 50 * (1 + level)])
    return float(low), float(high)
