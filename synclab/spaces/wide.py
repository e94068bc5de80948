"""A wide image: square crops of one large canvas; with `ring` its left and right ends meet."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import torch
from torch import Tensor

from synclab.core.protocols import Rng, Space, Views
from synclab.spaces.axis import Axis
from synclab.spaces.canvas import Canvas


@dataclass(kw_only=True)
class Wide(Canvas):
    """A view is (column, row): the cell of the canvas where its crop begins.

    Neighbouring crops of `all_views` are `stride` cells apart along both axes, truncated to whole
    cells. Crops are `view_height` cells high: without it as high as wide, or as the canvas where
    that is lower, such as a motion's.
    """

    stride: int | Fraction
    ring: bool = False
    view_height: int | None = None

    @property
    def columns(self) -> Axis:
        return Axis(self.width, self.view_size, self.stride, self.ring)

    @property
    def rows(self) -> Axis:
        high = self.view_height or min(self.height, self.view_size)
        return Axis(self.height, high, self.stride)

    def all_views(self) -> Views:
        """Crops every `stride` cells, row by row, plus some at the far ends if the stride misses
        these.
        """
        return crops(self.columns.every(), self.rows.every())

    def disjoint_views(self, step: int, rng: Rng) -> Views:
        """Adjacent tiles, shifted by half a tile to the right at every other step, and down at
        every other pair of steps.

        Unshifted ones cover the whole canvas; shifted ones leave out its outer half tiles, except
        on a ring. Tiles overlap only if the canvas is not a multiple of the view size.
        """
        right, down = step % 2 / 2, step // 2 % 2 / 2
        return crops(self.columns.tiles(right), self.rows.tiles(down))

    def shifted_views(self, rng: Rng) -> Views:
        """Adjacent tiles from a random cell on; at the ends of an open canvas, the outermost."""
        column = rng.integer("shift", 0, self.view_size - 1)
        row = rng.integer("shift of rows", 0, self.rows.view - 1)
        return crops(self.columns.tiles_from(column), self.rows.tiles_from(row))

    def overlaps(self) -> Sequence[tuple[Space, Views]]:
        """Crops of what neighbouring crops share, by their widths; a stride has mostly one."""
        shared = self._by_width()
        return [
            (self._crops_of(width), crops(end % self.width for _, end in pairs))
            for width, pairs in shared.items()
        ]

    def _crops_of(self, width: int) -> Space:
        return replace(self, view_size=width, view_height=self.rows.view)

    def around_overlaps(self) -> tuple[int, Views]:
        shared = self._by_width()
        width = max(shared, key=lambda own: len(shared[own]), default=0)
        middles = ((start + end) // 2 % self.width for start, end in shared.get(width, ()))
        return width, crops(middles)

    def _by_width(self) -> dict[int, list[tuple[int, int]]]:
        """First columns of each two neighbouring crops, by the columns that they share.

        The second may be past the end of a ring.
        """
        starts = self.columns.every()
        ends = [*starts[1:], starts[0] + self.width] if self.ring else starts[1:]
        shared: dict[int, list[tuple[int, int]]] = {}
        for start, end in zip(starts, ends, strict=False):
            if (width := start + self.view_size - end) > 0:
                shared.setdefault(width, []).append((start, end))
        return shared

    def random_views(self, count: int, rng: Rng) -> Views:
        columns = rng.uniform("views", 0, self.columns.starts, count)
        rows = rng.uniform("rows of views", 0, self.rows.starts, count)
        return tuple((float(int(x)), float(int(y))) for x, y in zip(columns, rows, strict=True))

    def inwardness(self, views: Views) -> Tensor:
        return self.from_sides() if self.height <= self.view_size else self.from_borders()

    def project(self, z: Tensor, views: Views) -> Tensor:
        rows, columns = self._cells(views, z)
        return z[:, rows, columns].transpose(0, 1)

    def scatter(self, y: Tensor, views: Views) -> tuple[Tensor, Tensor]:
        rows, columns = self._cells(views, y)
        cells = (rows * self.width + columns).flatten()
        total = y.new_zeros(len(y[0]), self.height * self.width)
        total.index_add_(1, cells, y.transpose(0, 1).flatten(1))
        weight = torch.bincount(cells, minlength=self.height * self.width).to(y)
        return total.view(self.shape), weight.view(1, *self.shape[1:])

    def _cells(self, views: Views, like: Tensor) -> tuple[Tensor, Tensor]:
        """Rows (n, h, 1) and columns (n, 1, w) of the cells of the crops."""
        start = torch.tensor([view[:2] for view in views], device=like.device).long()
        columns, rows = (
            start[:, axis, None] + torch.arange(size, device=like.device)
            for axis, size in enumerate((self.view_size, self.rows.view))
        )
        columns = columns % self.width if self.ring else columns
        return rows[:, :, None], columns[:, None]


def crops(columns: Iterable[int], rows: Sequence[int] = (0,)) -> Views:
    """Views at every column of every row."""
    across = [*columns]
    return tuple((float(column), float(row)) for row in rows for column in across)
