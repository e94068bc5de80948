"""A flat image: one view that shows the whole canonical state."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from synclab.core.protocols import Space, Views
from synclab.spaces.canvas import Canvas


@dataclass(kw_only=True)
class Image(Canvas):
    """Projection and its inverse are the identity."""

    def all_views(self) -> Views:
        return ((0.0,),)

    def overlaps(self) -> Sequence[tuple[Space, Views]]:
        """None: there is one view."""
        return ()

    def around_overlaps(self) -> tuple[int, Views]:
        """None: there is one view."""
        return 0, ()

    def project(self, z: Tensor, views: Views) -> Tensor:
        return z.expand(len(views), *z.shape)

    def scatter(self, y: Tensor, views: Views) -> tuple[Tensor, Tensor]:
        return y.sum(0), y.new_full((1, *self.shape[1:]), float(len(views)))
