"""Conditions of priors with a text encoder: network inputs for both branches of guidance."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from synclab.core.protocols import Cond, Condition, Views

Inputs = tuple[Tensor, ...]
"""Network inputs besides x and t, each (n, ...): tokens first, then any others."""


@dataclass(frozen=True)
class Branches:
    """Inputs (1 or n, ...) with the prompt and with the negative prompt."""

    positive: Inputs
    negative: Inputs

    def at(self, views: Views) -> "Branches":
        """Repeats the inputs for each view."""
        positive, negative = (
            tuple(each.expand(len(views), *each.shape[1:]) for each in inputs)
            for inputs in (self.positive, self.negative)
        )
        return Branches(positive, negative)

    def take(self, rows: slice) -> "Branches":
        positive, negative = (
            tuple(each[rows] for each in inputs) for inputs in (self.positive, self.negative)
        )
        return Branches(positive, negative)

    def join(self, others: Sequence["Branches"]) -> "Branches":
        joined = [self, *others]
        return Branches(stack([b.positive for b in joined]), stack([b.negative for b in joined]))

    def beside(self, shown: Tensor) -> "Branches":
        """Appends an input (n, ...) that is the same in both branches."""
        return Branches((*self.positive, shown), (*self.negative, shown))


@dataclass(frozen=True)
class Beside:
    """A text condition together with maps (n c h w) of the views, the same in both branches."""

    text: Condition
    show: Callable[[Views], Tensor]

    def at(self, views: Views) -> Branches:
        return as_branches(self.text.at(views)).beside(self.show(views))


def stack(rows: Sequence[Inputs]) -> Inputs:
    """Concatenates the inputs of several conditions along their rows."""
    return tuple(map(torch.cat, zip(*rows, strict=True)))


def as_branches(cond: Cond) -> Branches:
    """Checks that a condition was made by a prior with a text encoder.

    Raises: TypeError if it was made by another kind of prior.
    """
    if isinstance(cond, Branches):
        return cond
    raise TypeError(f"expected the condition of a prompt, not {type(cond).__name__}")
