"""Small steps between pictures and rows of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor


def tiles(picture: Tensor) -> Tensor:
    """Square tiles side by side (n, 3, H, H) of a wide picture (3, H, W); a rest is left out."""
    side = picture.shape[1]
    return picture.unfold(2, side, side).permute(2, 0, 1, 3)


def row(value: float) -> np.ndarray:
    """A number of the whole picture: (1, 1)."""
    return np.array([[value]])
