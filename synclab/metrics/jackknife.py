"""Standard errors over prompts: a score with each group of prompts left out in turn.

Views of one panorama and images of one prompt are not independent, so prompts are what counts.
Efron and Stein, The jackknife estimate of variance (1981).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Estimate:
    """A score, and its values without each group."""

    value: float
    without: tuple[float, ...]

    @property
    def error(self) -> float | None:
        """Standard error; None for fewer than two groups."""
        m = len(self.without)
        return float(np.std(self.without) * np.sqrt(m - 1)) if m > 1 else None

    def __sub__(self, other: "Estimate") -> "Estimate":
        """The paired difference: both without the same group."""
        gaps = [a - b for a, b in zip(self.without, other.without, strict=True)]
        return Estimate(self.value - other.value, tuple(gaps))


def groups(prompts: Sequence[str], count: int | None) -> list[frozenset[str]]:
    """The prompts dealt into `count` groups, or each by itself."""
    unique = sorted(set(prompts))
    count = min(count or len(unique), len(unique))
    return [frozenset(unique[i::count]) for i in range(count)]
