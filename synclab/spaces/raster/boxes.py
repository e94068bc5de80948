"""Pixels inside boxes of the image plane, enumerated in chunks of bounded size."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

CHUNK = 2**21
"""Pixels that are enumerated at once."""


@dataclass(frozen=True, eq=False)
class BoxPixels:
    """Pixels of some boxes: the index of each one's box (m,), its column and its row (m,)."""

    box: Tensor
    column: Tensor
    row: Tensor


def pixels_in_boxes(low: Tensor, high: Tensor, height: int, width: int) -> Iterator[BoxPixels]:
    """Yields, box by box, the pixel centres of an image in boxes from `low` to `high` (n, 2).

    Corners are (column, row), inclusive; boxes are clipped to the image.
    """
    limit = torch.tensor([width - 1, height - 1]).to(low)
    first = low.ceil().clamp_min(0)
    extent = (torch.minimum(high.floor(), limit) - first + 1).clamp_min(0).long()
    count = extent.prod(1)
    used = count.nonzero()[:, 0]
    for boxes in used.split_with_sizes(group_sizes(count[used])):
        yield enumerate_pixels(first.long(), extent, count, boxes)


def group_sizes(count: Tensor) -> list[int]:
    """Sizes of groups of consecutive boxes with about `CHUNK` pixels each."""
    group = count.cumsum(0) // CHUNK
    return torch.unique_consecutive(group, return_counts=True)[1].tolist()


def enumerate_pixels(first: Tensor, extent: Tensor, count: Tensor, boxes: Tensor) -> BoxPixels:
    number = count[boxes]
    box = boxes.repeat_interleave(number)
    start = (number.cumsum(0) - number).repeat_interleave(number)
    within = torch.arange(len(box), device=box.device) - start
    across = extent[box, 0]
    return BoxPixels(box, first[box, 0] + within % across, first[box, 1] + within // across)
