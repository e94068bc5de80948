"""Seam ratio: how much steeper an image is across a border than beside it; 1 is no seam."""

from collections.abc import Sequence

import torch
from torch import Tensor

BESIDE = [step for step in range(-8, 9) if abs(step) > 1]
"""Columns that a border is compared with; interpolation may smear it onto its neighbours."""

UNSEEN = 1e-4  # of the range, added to both sides: a blank image has ratio 1


def seam_ratio(image: Tensor, borders: Sequence[int], closed: bool) -> float:
    """Mean |horizontal gradient| across the borders over that beside them.

    Args:
        image: (3, H, W) in [0, 1].
        borders: columns; a border lies between a column and the one to its left.
        closed: whether the last column meets the first, as in a panorama.
    """
    return ratio_of(steepness(image), borders, closed)


def ratio_of(steep: Tensor, borders: Sequence[int], closed: bool) -> float:
    """The seam ratio of an image whose `steepness` is known."""
    beside = neighbours(borders, len(steep), closed)
    return float((steep[list(borders)].mean() + UNSEEN) / (steep[beside].mean() + UNSEEN))


def steepness(image: Tensor) -> Tensor:
    """Mean |gradient| between each column and the one to its left, the last for column 0: (W,)."""
    rows = image.double().flatten(0, 1)
    return torch.diff(rows, prepend=rows[:, -1:]).abs().mean(0)


def neighbours(borders: Sequence[int], width: int, closed: bool) -> list[int]:
    """Columns beside the borders that are no borders themselves."""
    near = [border + step for border in borders for step in BESIDE]
    near = [column % width for column in near] if closed else near
    return [column for column in near if 0 < column < width or (closed and column == 0)]


def frame_ratio(image: Tensor, inner: int) -> float:
    """The seam ratio at the border of the central `inner` x `inner` square of an image (3, s, s).

    The mean of its vertical and its horizontal borders.
    """
    start = (image.shape[-1] - inner) // 2
    borders, within = [start, start + inner], slice(start, start + inner)
    across = seam_ratio(image[:, within], borders, closed=False)
    down = seam_ratio(image[..., within].mT, borders, closed=False)
    return (across + down) / 2
