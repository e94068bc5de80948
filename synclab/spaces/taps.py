"""A sparse linear map given by its taps, and its adjoint: what projections are made of."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Taps:
    """out[i] = sum_k weight[i, k] * in[index[i, k]] on flat cells; `cells` is the size of in."""

    index: Tensor  # m k, int64
    weight: Tensor  # m k
    cells: int

    def apply(self, values: Tensor) -> Tensor:
        """(c, cells) -> (c, m). Differentiable."""
        if self.index.shape[1] == 1:  # nearest: every weight is one
            return values[:, self.index[:, 0]]
        return (values[:, self.index] * self.weight.to(values)).sum(-1)

    def adjoint(self, values: Tensor) -> Tensor:
        """(c, m) -> (c, cells), the transposed map."""
        out = values.new_zeros(len(values), self.cells)
        spread = values.unsqueeze(-1) * self.weight.to(values)
        return out.index_add_(1, self.index.flatten(), spread.flatten(1))

    def to(self, device: str) -> "Taps":
        return Taps(self.index.to(device), self.weight.to(device), self.cells)


def nearest(column: Tensor, row: Tensor, height: int, width: int, wrap: bool) -> Taps:
    """One tap at the closest cell of fractional positions (any shape), cell centres at integers."""
    return _taps([(column.round(), row.round(), torch.ones_like(column))], height, width, wrap)


def bilinear(column: Tensor, row: Tensor, height: int, width: int, wrap: bool) -> Taps:
    """Four taps around fractional positions (any shape), cell centres at integers.

    With `wrap` the grid is a full sphere: columns close, and a row beyond a pole comes down on the
    other side. Without it positions are clamped to the border.
    """
    left, top = column.floor(), row.floor()
    right_share, bottom_share = column - left, row - top
    corners = [
        (left, top, (1 - right_share) * (1 - bottom_share)),
        (left + 1, top, right_share * (1 - bottom_share)),
        (left, top + 1, (1 - right_share) * bottom_share),
        (left + 1, top + 1, right_share * bottom_share),
    ]
    return _taps(corners, height, width, wrap)


def _taps(
    corners: list[tuple[Tensor, Tensor, Tensor]], height: int, width: int, wrap: bool
) -> Taps:
    index = [_cell(column, row, height, width, wrap).flatten() for column, row, _ in corners]
    weight = [share.flatten() for *_, share in corners]
    return Taps(torch.stack(index, -1), torch.stack(weight, -1).float(), height * width)


def _cell(column: Tensor, row: Tensor, height: int, width: int, wrap: bool) -> Tensor:
    column, row = column.long(), row.long()
    if wrap:
        beyond = (row < 0) | (row >= height)
        column = torch.where(beyond, column + width // 2, column) % width
        row = torch.where(row < 0, -1 - row, torch.where(row >= height, 2 * height - 1 - row, row))
    return row.clamp(0, height - 1) * width + column.clamp(0, width - 1)
