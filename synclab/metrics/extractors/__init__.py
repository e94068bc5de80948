"""Extractors: networks that turn a picture and its scored views into named rows of features.

Their modules import networks only on use, so that missing requirements are reported at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

Outputs = Mapping[str, np.ndarray]
"""Features by name: (rows, d), one row per view or one for the whole picture."""


@dataclass(frozen=True)
class Cut:
    """A result (3, H, W) and its scored views (n, 3, h, w), both uint8, with its prompt.

    Of a motion, its joints (F, 22, 3) in metres and those of its segments (n, f, 22, 3).
    """

    picture: Tensor
    views: Tensor
    prompt: str


class Extractor(Protocol):
    """Evaluates the views of one picture together, so features do not depend on a batch size."""

    @property
    def name(self) -> str:
        """File-safe name, used for the folder of its cache."""
        ...

    @property
    def identity(self) -> str:
        """Changes whenever its outputs could: with its weights or its code."""
        ...

    def check(self) -> None:
        """Raises a UserError that lists what this machine lacks for it."""
        ...

    def __call__(self, cut: Cut) -> Outputs: ...


class Computed:
    """Base of the extractors that need no network."""

    @property
    def name(self) -> str:
        raise NotImplementedError

    @property
    def identity(self) -> str:
        return f"{self.name} version 1"

    def check(self) -> None:
        """Needs nothing."""
