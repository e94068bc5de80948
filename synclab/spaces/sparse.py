"""Sparse linear maps from a canvas to samples of it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor

Closing = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""Boundary condition: maps columns and rows outside a canvas back onto it."""


@dataclass(frozen=True, eq=False)
class SparseRead:
    """Sample m is the sum over j of `weight[j, m]` times cell `index[j, m]`: both (k, m).

    Indices are flat, row by row.
    """

    index: Tensor
    weight: Tensor

    def __call__(self, z: Tensor) -> Tensor:
        """Samples (c, m) of a canvas (c, H, W). Differentiable."""
        cells = z.flatten(1)
        parts = zip(self.index, self.weight.to(z), strict=True)
        read = (cells.index_select(1, index) * weight for index, weight in parts)
        return reduce(torch.add, read)

    def transpose(self, y: Tensor, height: int, width: int) -> Tensor:
        """Samples (c, m) back onto a canvas (c, H, W)."""
        z = y.new_zeros(len(y), height * width)
        for index, weight in zip(self.index, self.weight.to(y), strict=True):
            z.index_add_(1, index, y * weight)
        return z.view(len(y), height, width)

    def nearest(self) -> Tensor:
        """The cell (m,) that counts most in every sample, as a flat index."""
        return self.index.gather(0, self.weight.argmax(0, keepdim=True))[0]

    def to(self, device: str) -> "SparseRead":
        return SparseRead(self.index.to(device), self.weight.to(device))


def nearest_read(column: Tensor, row: Tensor, width: int, close: Closing) -> SparseRead:
    """Samples the cell nearest to each position (m,), ties to even."""
    column, row = close(column.round().long(), row.round().long())
    index = row * width + column
    return SparseRead(index[None], torch.ones_like(index[None], dtype=torch.float32))


def bilinear_read(column: Tensor, row: Tensor, width: int, close: Closing) -> SparseRead:
    """Samples the four cells around each position (m,); integers are cell centres."""
    left, top = column.floor(), row.floor()
    right, below = column - left, row - top
    left, top = left.long(), top.long()
    index, weight = [], []
    for x, across in ((left, 1 - right), (left + 1, right)):
        for y, down in ((top, 1 - below), (top + 1, below)):
            column, row = close(x, y)
            index.append(row * width + column)
            weight.append((across * down).float())
    return SparseRead(torch.stack(index), torch.stack(weight))


def clamped(height: int, width: int) -> Closing:
    """Border cells extend outwards."""
    return lambda column, row: (column.clamp(0, width - 1), row.clamp(0, height - 1))


def doubly_periodic(height: int, width: int) -> Closing:
    """Both axes wrap, as on a torus."""
    return lambda column, row: (column % width, row % height)


def over_the_poles(height: int, width: int) -> Closing:
    """Columns wrap; beyond a pole the canvas continues at the opposite longitude."""

    def close(column: Tensor, row: Tensor) -> tuple[Tensor, Tensor]:
        beyond = (row < 0) | (row >= height)
        row = torch.where(row < 0, -1 - row, torch.where(row >= height, 2 * height - 1 - row, row))
        return torch.where(beyond, column + width // 2, column) % width, row

    return close
