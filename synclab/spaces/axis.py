"""Where crops begin along one axis of a canvas."""

import math
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Axis:
    """Crops of `view` cells along an axis of `size` cells, whose ends meet with `ring`.

    Neighbouring crops of `every` are `stride` cells apart, truncated to whole cells.
    """

    size: int
    view: int
    stride: int | Fraction
    ring: bool = False

    @property
    def last(self) -> int:
        """Where the last crop of an open axis begins."""
        return self.size - self.view

    def every(self) -> list[int]:
        """A crop every `stride` cells, plus one at the far end if the stride misses it."""
        end = self.size if self.ring else self.last
        starts = [int(i * self.stride) for i in range(math.ceil(end / self.stride))]
        return starts if self.ring else [*starts, self.last]

    def tiles(self, shift: float) -> list[int]:
        """Adjacent crops, shifted by a part of a tile; they overlap only if the axis is no multiple
        of them.

        Unshifted ones cover the whole axis; shifted ones leave out its ends, except on a ring.
        """
        count = math.ceil(self.size / self.view)
        if self.ring:
            return [int(self.size / count * (i + shift)) for i in range(count)]
        if count == 1:
            return [0]
        gap = self.last / (count - 1)
        return [int(gap * (i + shift)) for i in range(count - math.ceil(shift))]

    def tiles_from(self, first: int) -> list[int]:
        """Adjacent crops, one of which begins at a cell; at open ends, the outermost."""
        starts = range(first - self.view, self.size, self.view)
        if self.ring:
            return [*dict.fromkeys(start % self.size for start in starts)]
        return [*dict.fromkeys(min(max(start, 0), self.last) for start in starts)]

    @property
    def starts(self) -> int:
        """Number of cells where a crop may begin."""
        return self.size if self.ring else self.last + 1
