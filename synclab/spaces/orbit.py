"""Base class of spaces that are seen by cameras around an object."""

from abc import abstractmethod
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from synclab.core.protocols import Rng, View, Views
from synclab.core.sync import weighted_mean
from synclab.spaces.canvas import Canvas


@dataclass(kw_only=True)
class Orbit(Canvas):
    """A view is (azimuth, elevation) in degrees of a camera that looks at the object's centre.

    Args:
        sets: sets of views; the steps use them in turn.
    """

    sets: tuple[Views, ...]

    @abstractmethod
    def show(self, z: Tensor, view: View) -> Tensor:
        """Pixels (c, h w) of one view."""

    @abstractmethod
    def trust(self, views: Views) -> Tensor:
        """Weight in [0, 1] of every cell's new value against its old one, from how well these views
        see it.
        """

    @abstractmethod
    def complete(self, z: Tensor, views: Views) -> Tensor:
        """Fills cells that no view sees with the nearest seen one in 3D."""

    def project(self, z: Tensor, views: Views) -> Tensor:
        shape = len(z), self.view_size, self.view_size
        return torch.stack([self.show(z, view).view(shape) for view in views])

    def average(self, y: Tensor, views: Views, old: Tensor | None) -> Tensor:
        """The estimate; a cell that the views see badly keeps some of its `old` value.

        Without `old` every cell is written.
        """
        z = self.estimate(y, views, old)
        if old is None:
            return self.complete(z, views)
        return torch.lerp(old.to(z), z, self.trust(views).to(z))

    def estimate(self, y: Tensor, views: Views, old: Tensor | None) -> Tensor:
        """The weighted mean of the views; cells that none sees keep their `old` value."""
        return weighted_mean(*self.scatter(y, views), old)

    @abstractmethod
    def cover(self, views: Views) -> Tensor:
        """How much of each pixel the object covers, in [0, 1]: (n, 1, h, w)."""

    def overlay(self, own: Tensor, seen: Tensor, views: Views) -> Tensor:
        """Views keep their own state beside the object (SyncTweedies, section 3.2)."""
        cover = F.avg_pool2d(self.cover(views), self.factor).to(seen)
        return torch.lerp(own, seen, cover)

    def all_views(self) -> Views:
        """The union of all sets, each view once."""
        return tuple(dict.fromkeys(view for views in self.sets for view in views))

    def disjoint_views(self, step: int, rng: Rng) -> Views:
        """The sets in turn."""
        return self.sets[step % len(self.sets)]

    def random_views(self, count: int, rng: Rng) -> Views:
        """All around, between the lowest and the highest elevation of the sets."""
        elevations = [elevation for _, elevation in self.all_views()]
        azimuth = rng.uniform("azimuth", 0, 360, count)
        elevation = rng.uniform("elevation", min(elevations), max(elevations), count)
        return tuple(zip(azimuth, elevation, strict=True))
