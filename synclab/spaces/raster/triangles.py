"""Pixels inside triangles in the plane."""

from collections.abc import Iterator

import torch
from torch import Tensor

PIECE = 2**21
"""Candidates (pixels in bounding boxes) that are tested at once."""


def covered(corners: Tensor, height: int, width: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Pixels whose centres lie in triangles (f, 3, 2) of columns and rows.

    Yields, in chunks, flat indices of pixels (m,), triangles (m,) and barycentric coordinates
    (m, 3). A centre on an edge belongs to the triangles on both sides of it.
    """
    limit = torch.tensor([width - 1, height - 1]).to(corners)
    low = corners.amin(1).ceil().clamp_min(0)
    high = torch.minimum(corners.amax(1).floor(), limit)
    extent = (high - low + 1).clamp_min(0).long()
    count = extent.prod(1)
    used = (count.nonzero()[:, 0]).split_with_sizes(pieces(count[count > 0]))
    for triangle in used:
        yield inside(corners, low.long(), extent, count, triangle, width)


def pieces(count: Tensor) -> list[int]:
    """Sizes of groups of consecutive triangles with about `PIECE` candidates each."""
    group = count.cumsum(0) // PIECE
    return torch.unique_consecutive(group, return_counts=True)[1].tolist()


def inside(
    corners: Tensor, low: Tensor, extent: Tensor, count: Tensor, triangle: Tensor, width: int
) -> tuple[Tensor, Tensor, Tensor]:
    """The candidates of some triangles that lie inside them."""
    number = count[triangle]
    owner = triangle.repeat_interleave(number)
    start = (number.cumsum(0) - number).repeat_interleave(number)
    within = torch.arange(len(owner), device=owner.device) - start
    across = extent[owner, 0]
    column, row = low[owner, 0] + within % across, low[owner, 1] + within // across
    weight = barycentric(corners[owner], column, row)
    kept = (weight >= -1e-9).all(1).nonzero()[:, 0]  # drops NaN, of degenerate triangles
    return (row * width + column)[kept], owner[kept], weight[kept]


def barycentric(corners: Tensor, column: Tensor, row: Tensor) -> Tensor:
    """Barycentric coordinates (m, 3) of points in triangles (m, 3, 2); NaN without area."""
    x, y = (corners[..., axis] - at[:, None] for axis, at in ((0, column), (1, row)))
    i, j = [1, 2, 0], [2, 0, 1]
    area = x[:, i] * y[:, j] - x[:, j] * y[:, i]
    return area / area.sum(1, keepdim=True)
