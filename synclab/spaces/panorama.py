"""A 360-degree panorama: perspective views of an equirectangular canvas."""

import math
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from synclab.core.protocols import Rng, Views
from synclab.spaces.canvas import Canvas
from synclab.spaces.equirect import EquirectMaps, Grid
from synclab.spaces.memory import copied
from synclab.spaces.resampling import Sampling
from synclab.spaces.view_sets import COVERS, Cover

Inverse = Literal["backproject", "adjoint"]


@dataclass(kw_only=True)
class Panorama(Canvas):
    """A view is (azimuth, elevation) in degrees, `fov` degrees wide; the canvas wraps at +-180.

    `cover` selects the views: the papers' "ring" at elevation 0 leaves the poles untouched,
    "sphere" adds views of both (cube faces, so fov >= 90), "checkerboard" uses narrow views at
    three elevations; custom `sets` replace them. `inverse` selects what `scatter` does:
    "backproject" gives every texel that a view sees the view's colour there (no holes, however fine
    the canvas), "adjoint" is the exact transpose of `project`.
    """

    fov: float = 72.0
    cover: Cover = "ring"
    sets: tuple[Views, ...] = ()
    sampling: Sampling = "bilinear"
    inverse: Inverse = "backproject"
    grid: Grid = "centres"
    margin: float = 0.0

    def __post_init__(self) -> None:
        self.sets = self.sets or COVERS[self.cover](self.fov)
        self._maps = EquirectMaps(
            self.height,
            self.width,
            self.view_size,
            self.fov,
            self.sampling,
            self.grid,
            self.margin,
            self.device,
        )

    def all_views(self) -> Views:
        """The union of the disjoint sets."""
        return tuple(view for views in self.sets for view in views)

    def disjoint_views(self, step: int, rng: Rng) -> Views:
        """The sets in turn."""
        return self.sets[step % len(self.sets)]

    def shifted_views(self, rng: Rng) -> Views:
        """The first set of a sphere, turned around the vertical axis; all views of a ring, whose
        upper and lower edges no single set covers.
        """
        if level(self.all_views()):
            return self.all_views()
        (turn,) = rng.uniform("shift", 0, 360, 1)
        return tuple((azimuth + turn, elevation) for azimuth, elevation in self.sets[0])

    def random_views(self, count: int, rng: Rng) -> Views:
        """Uniform on the horizon, or on the sphere."""
        azimuth = rng.uniform("azimuth", 0, 360, count)
        if level(self.all_views()):
            return tuple((a, 0.0) for a in azimuth)
        height = rng.uniform("elevation", -1, 1, count)
        return tuple((a, math.degrees(math.asin(y))) for a, y in zip(azimuth, height, strict=True))

    def project(self, z: Tensor, views: Views) -> Tensor:
        return self._maps.to_views(views)(z)

    def project_noise(self, noise: Tensor, views: Views) -> Tensor:
        """The cell nearest to each pixel: means of cells have less variance."""
        return replace(self._maps, sampling="nearest").to_views(views)(noise)

    def scatter(self, y: Tensor, views: Views) -> tuple[Tensor, Tensor]:
        if self.inverse == "backproject":
            return self._maps.from_views(views).total(y)
        transpose = self._maps.to_views(views).transpose
        return transpose(y), transpose(torch.ones_like(y[:, :1]))

    def average(self, y: Tensor, views: Views, old: Tensor | None) -> Tensor:
        if self.inverse == "adjoint":
            return super().average(y, views, old)
        z = y.new_zeros(self.shape) if old is None else copied(old.to(y))
        return self._maps.from_views(views).average(y, z)

    def inwardness(self, views: Views) -> Tensor:
        return self.from_sides() if level(views) else self.from_borders()


def level(views: Views) -> bool:
    """Whether all views are at elevation 0, so that none has a neighbour above or below."""
    return all(elevation == 0 for _, elevation in views)
