"""Tiles of pictures, and features of whole pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor


def tiles(picture: Tensor) -> Tensor:
    """Adjacent square tiles (n, 3, H, H) of a wide picture (3, H, W); drops a remainder."""
    side = picture.shape[1]
    return picture.unfold(2, side, side).permute(2, 0, 1, 3)


def row(value: float) -> np.ndarray:
    """A value of the whole picture as features (1, 1)."""
    return np.array([[value]])
