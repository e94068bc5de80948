"""The cameras around an object."""

import math
from dataclasses import dataclass

from synclab.core.protocols import View
from synclab.spaces.raster.camera import Camera

MARGIN = 1.05
"""Half the width that a fitted camera shows, in radii of the object."""


@dataclass(frozen=True)
class Rig:
    """The cameras around an object of radius 1, all looking at its centre.

    Args:
        size: pixels along a side of a view.
        factor: image pixels per latent pixel, along a side.
        fov: degrees.
        distance: from the object's centre in radii; None fits the object to the view.
    """

    size: int
    factor: int = 1
    fov: float = 60.0
    distance: float | None = None

    def camera(self, view: View) -> Camera:
        azimuth, elevation = view
        fit = MARGIN / math.sin(math.radians(self.fov) / 2)
        return Camera(azimuth, elevation, self.distance or fit, self.fov, self.size)
