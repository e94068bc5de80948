"""Extractors: from a picture and its scored views to named rows of numbers, one class a network.

Their modules import networks only when one is used, so that what is missing is told of at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

Outputs = Mapping[str, np.ndarray]
"""By name: (rows, d), a row for each view or one for the whole picture."""


@dataclass(frozen=True)
class Cut:
    """A result (3, H, W) and its scored views (n, 3, h, w), both uint8, and what was asked for."""

    picture: Tensor
    views: Tensor
    prompt: str


class Extractor(Protocol):
    """The views of one picture are evaluated together, so nothing depends on a batch size."""

    @property
    def name(self) -> str:
        """File-safe; the folder of its cache."""
        ...

    @property
    def identity(self) -> str:
        """Changes whenever its answers could: with the weights, or the code."""
        ...

    def check(self) -> None:
        """Raises a UserError that names what this machine lacks for it."""
        ...

    def __call__(self, cut: Cut) -> Outputs: ...
