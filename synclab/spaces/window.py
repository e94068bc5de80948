"""Rectangular windows of an equirectangular canvas that may cross +-180 degrees or a pole."""

from collections.abc import Iterator
from dataclasses import dataclass
from types import EllipsisType

from torch import Tensor

Region = tuple[EllipsisType, slice, slice]
"""An index (..., rows, columns) into a canvas or a window."""


@dataclass(frozen=True)
class Window:
    """`height` x `width` texels starting at (`top`, `left`), in texels of the canvas.

    Columns wrap. One row may lie beyond each pole: the row next to the pole, at the opposite
    longitude.
    """

    top: int
    left: int
    height: int
    width: int

    def within(self, height: int, width: int) -> "Window":
        """The part inside the canvas, with every texel at most once."""
        top, bottom = max(self.top, 0), min(self.top + self.height, height)
        return Window(top, self.left, bottom - top, min(self.width, width))

    def cut(self, canvas: Tensor) -> Tensor:
        """(c, H, W) -> (c, height, width); a view of the canvas unless it crosses a border."""
        pieces = list(self.pieces(*canvas.shape[1:]))
        if len(pieces) == 1:
            return canvas[pieces[0][0]]
        patch = canvas.new_empty(len(canvas), self.height, self.width)
        for there, here in pieces:
            patch[here] = canvas[there]
        return patch

    def add(self, canvas: Tensor, patch: Tensor) -> None:
        """Adds a patch to the canvas: the transpose of `cut`."""
        for there, here in self.pieces(*canvas.shape[1:]):
            canvas[there].add_(patch[here])

    def blend(self, canvas: Tensor, patch: Tensor, share: Tensor) -> None:
        """Moves the canvas towards the patch by a share (height, width) from 0 to 1."""
        share = share.to(canvas)
        for there, here in self.pieces(*canvas.shape[1:]):
            canvas[there].lerp_(patch[here], share[here])

    def pieces(self, height: int, width: int) -> Iterator[tuple[Region, Region]]:
        """Plain rectangles that make up the window: their indices into canvas and window."""
        for rows, own_rows, turn in self._bands(height, width):
            done = 0
            while done < self.width:
                column = (self.left + turn + done) % width
                run = min(self.width - done, width - column)
                here = (..., own_rows, slice(done, done + run))
                yield (..., rows, slice(column, column + run)), here
                done += run

    def _bands(self, height: int, width: int) -> Iterator[tuple[slice, slice, int]]:
        """Rows of the canvas, rows of the window, and the shift of their columns."""
        inside = self.within(height, width)
        first = inside.top - self.top
        yield slice(inside.top, inside.top + inside.height), slice(first, first + inside.height), 0
        if first:
            yield slice(0, 1), slice(0, 1), width // 2
        if first + inside.height < self.height:
            yield slice(height - 1, height), slice(self.height - 1, self.height), width // 2
