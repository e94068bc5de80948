"""Base class of spaces that are seen by cameras around an object."""

from abc import abstractmethod
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from synclab.core.protocols import Rng, Views
from synclab.spaces.canvas import Canvas


@dataclass(kw_only=True)
class Orbit(Canvas):
    """A view is (azimuth, elevation) in degrees of a camera that looks at the object's centre.

    Args:
        sets: sets of views; the steps use them in turn.
    """

    sets: tuple[Views, ...]

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
