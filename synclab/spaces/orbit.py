"""Base class of spaces that are seen by cameras around an object."""

from dataclasses import dataclass

from synclab.core.protocols import Rng, Views
from synclab.spaces.canvas import Canvas


@dataclass(kw_only=True)
class Orbit(Canvas):
    """A view is (azimuth, elevation) in degrees of a camera that looks at the object's centre.

    Args:
        sets: sets of views; the steps use them in turn.
    """

    sets: tuple[Views, ...]

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
