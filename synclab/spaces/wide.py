"""A wide image: square crops of one long canvas; with `ring` its ends meet."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import torch
from torch import Tensor

from synclab.core.protocols import Rng, Space, Views
from synclab.spaces.canvas import Canvas


@dataclass(kw_only=True)
class Wide(Canvas):
    """A view is (offset,): the canvas column where its crop begins.

    Neighbouring crops of `all_views` are `stride` cells apart, truncated to whole cells.
    """

    stride: int | Fraction
    ring: bool = False

    def all_views(self) -> Views:
        """Crops every `stride` cells, plus one at the right end if the stride misses it."""
        if self.ring:
            return crops(self._offsets(self.width))
        last = self.width - self.view_size
        return crops([*self._offsets(last), last])

    def _offsets(self, end: int) -> list[int]:
        """Multiples of the stride below `end`."""
        return [int(i * self.stride) for i in range(math.ceil(end / self.stride))]

    def disjoint_views(self, step: int, rng: Rng) -> Views:
        """Adjacent tiles, shifted by half a tile at every other step.

        Even steps cover the whole canvas; odd steps leave out its outer half tiles, except on a
        ring. Tiles overlap only if the width is not a multiple of the view size.
        """
        count, shift = math.ceil(self.width / self.view_size), step % 2 / 2
        if self.ring:
            return crops(int(self.width / count * (i + shift)) for i in range(count))
        if count == 1:
            return crops([0])
        gap = (self.width - self.view_size) / (count - 1)
        return crops(int(gap * (i + shift)) for i in range(count - step % 2))

    def shifted_views(self, rng: Rng) -> Views:
        """Adjacent tiles from a random column on; at the ends of an open canvas, the outermost."""
        first = rng.integer("shift", 0, self.view_size - 1)
        starts = range(first - self.view_size, self.width, self.view_size)
        if self.ring:
            return crops(dict.fromkeys(start % self.width for start in starts))
        last = self.width - self.view_size
        return crops(dict.fromkeys(min(max(start, 0), last) for start in starts))

    def overlaps(self) -> Sequence[tuple[Space, Views]]:
        """Crops of what neighbouring crops share, by their widths; a stride has mostly one."""
        shared = self._by_width()
        return [
            (replace(self, view_size=width), crops(end % self.width for _, end in pairs))
            for width, pairs in shared.items()
        ]

    def around_overlaps(self) -> tuple[int, Views]:
        shared = self._by_width()
        width = max(shared, key=lambda own: len(shared[own]), default=0)
        middles = ((start + end) // 2 % self.width for start, end in shared.get(width, ()))
        return width, crops(middles)

    def _by_width(self) -> dict[int, list[tuple[int, int]]]:
        """First columns of each two neighbouring crops, by the columns that they share.

        The second may be past the end of a ring.
        """
        starts = [int(view[0]) for view in Wide.all_views(self)]
        ends = [*starts[1:], starts[0] + self.width] if self.ring else starts[1:]
        shared: dict[int, list[tuple[int, int]]] = {}
        for start, end in zip(starts, ends, strict=False):
            if (width := start + self.view_size - end) > 0:
                shared.setdefault(width, []).append((start, end))
        return shared

    def random_views(self, count: int, rng: Rng) -> Views:
        end = self.width if self.ring else self.width - self.view_size + 1
        return crops(int(offset) for offset in rng.uniform("views", 0, end, count))

    def project(self, z: Tensor, views: Views) -> Tensor:
        return z[:, :, self._columns(views, z)].permute(2, 0, 1, 3)

    def scatter(self, y: Tensor, views: Views) -> tuple[Tensor, Tensor]:
        columns = self._columns(views, y).flatten()
        total = y.new_zeros(self.shape)
        total.index_add_(2, columns, y.permute(1, 2, 0, 3).flatten(2))
        weight = torch.bincount(columns, minlength=self.width).to(y)
        return total, weight.expand(1, *self.shape[1:])

    def _columns(self, views: Views, like: Tensor) -> Tensor:
        offset = torch.tensor([int(view[0]) for view in views], device=like.device)
        columns = offset[:, None] + torch.arange(self.view_size, device=like.device)
        return columns % self.width if self.ring else columns


def crops(offsets) -> Views:
    return tuple((float(offset),) for offset in offsets)
