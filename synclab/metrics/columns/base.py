"""What all columns have in common: the features that they read, and how they are estimated."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from synclab.metrics.features import Measured
from synclab.metrics.formulas.jackknife import Estimate, Groups
from synclab.metrics.formulas.matrices import Matrix


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric of generated pictures, usually against reference pictures."""

    of: str
    against: Literal["reference", "truth"] = "reference"
    """The set of the protocol that it compares with, where it compares with any."""
    better: ClassVar[Literal["lower", "higher"]] = "higher"
    scale: ClassVar[float] = 1
    per_view: ClassVar[bool] = True
    """Whether it scores views, which a reference set has too, rather than a whole canvas."""

    def estimate(self, generated: Measured, reference: Measured, groups: Groups) -> Estimate:
        raise NotImplementedError


class OfSets(Metric):
    """A distance of two sets; the jackknife leaves prompts out of both."""

    def estimate(self, generated: Measured, reference: Measured, groups: Groups) -> Estimate:
        def value(left_out: frozenset[str]) -> float:
            sets = [measured.without(left_out) for measured in (generated, reference)]
            return self.scale * self.value(*sets)

        return Estimate.of(value, groups)

    def value(self, generated: Measured, reference: Measured) -> float:
        raise NotImplementedError

    def matrices(self, *sets: Measured) -> list[np.ndarray]:
        return [measured.matrix(self.of) for measured in sets]

    def owners(self, *sets: Measured) -> tuple[list[str], list[str]]:
        """The prompt of every row of the matrices."""
        own, other = (measured.owners(self.of) for measured in sets)
        return own, other


class OfPrompts(Metric):
    """A mean over prompts of the mean over a prompt's views; the other set is never reduced."""

    def estimate(self, generated: Measured, reference: Measured, groups: Groups) -> Estimate:
        subject = self.subject(generated, reference)
        values = by_prompt(self.values(generated, reference), subject.owners(self.of))

        def mean(left_out: frozenset[str]) -> float:
            return self.scale * float(np.mean([v for p, v in values.items() if p not in left_out]))

        return Estimate.of(mean, groups)

    def subject(self, generated: Measured, reference: Measured) -> Measured:
        """The set whose views are scored."""
        return generated

    def values(self, generated: Measured, reference: Measured) -> Matrix:
        """A value for every view of the subject: (n,)."""
        raise NotImplementedError


def by_prompt(values: Matrix, prompts: Sequence[str]) -> dict[str, float]:
    """The mean value of each prompt's views."""
    owners = np.array(prompts)
    return {prompt: float(values[owners == prompt].mean()) for prompt in sorted(set(prompts))}


class OfCanvas(OfPrompts):
    """A value that an extractor computes for the whole picture."""

    per_view = False

    def values(self, generated: Measured, reference: Measured) -> Matrix:
        return generated.matrix(self.of)[:, 0]
