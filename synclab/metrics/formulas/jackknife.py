"""Jackknife standard errors over prompts: leaves out each group of prompts in turn.

Views of one panorama and images of one prompt are not independent, so the unit is the prompt.
Efron and Stein, The jackknife estimate of variance (1981).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from synclab.errors import UserError

Groups = Sequence[frozenset[str]]
"""Prompts that are left out together."""


@dataclass(frozen=True)
class Estimate:
    """A score, and its values without each group."""

    value: float
    without: tuple[float, ...]

    @classmethod
    def of(cls, score: Callable[[frozenset[str]], float], groups: Groups) -> "Estimate":
        """Estimates a score given as a function of the prompts that are left out.

        Has no error if there is only one group, or if too little is left to be scored.
        """
        value = score(frozenset())
        try:
            return cls(value, tuple(map(score, groups)) if len(groups) > 1 else ())
        except UserError:
            return cls(value, ())

    @property
    def error(self) -> float | None:
        """Standard error; None for fewer than two groups."""
        m = len(self.without)
        return float(np.std(self.without) * np.sqrt(m - 1)) if m > 1 else None

    def __sub__(self, other: "Estimate") -> "Estimate":
        """The paired difference: both without the same group."""
        gaps = [a - b for a, b in zip(self.without, other.without, strict=True)]
        return Estimate(self.value - other.value, tuple(gaps))


def deal(prompts: Sequence[str], count: int | None) -> Groups:
    """The prompts dealt into `count` groups, or each by itself."""
    unique = sorted(set(prompts))
    count = min(count or len(unique), len(unique))
    return [frozenset(unique[i::count]) for i in range(count)]
