"""A 360-degree panorama: perspective views of an equirectangular canvas."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import torch
from torch import Tensor

from synclab import geometry
from synclab.spaces import taps
from synclab.spaces.canvas import Canvas, horizontal_profile
from synclab.spaces.taps import Taps
from synclab.types import Rng, Views

Cover = Literal["ring", "sphere"]
Sampling = Literal["bilinear", "nearest"]
Inverse = Literal["backproject", "adjoint"]


@dataclass(kw_only=True)
class Panorama(Canvas):
    """A view is (azimuth, elevation) in degrees, `fov` degrees wide; +-180 degrees close.

    `cover` chooses the views: the papers' "ring" at elevation 0 leaves the poles untouched,
    "sphere" adds views of both (cube faces, so fov >= 90). `inverse` chooses what `scatter` does:
    "backproject" gives every texel that a view sees the view's colour there (no holes, however fine
    the canvas), "adjoint" is the exact transpose of `project`.
    """

    fov: float = 72.0
    cover: Cover = "ring"
    sampling: Sampling = "bilinear"
    inverse: Inverse = "backproject"

    def __post_init__(self) -> None:
        # A bounded cache on the instance: fixed view sets are mapped once, random ones come and go.
        self._to_views = lru_cache(maxsize=8)(self._build_to_views)
        self._from_views = lru_cache(maxsize=8)(self._build_from_views)

    def all_views(self) -> Views:
        """Both disjoint sets together."""
        return self.disjoint_views(0) + self.disjoint_views(1)

    def disjoint_views(self, step: int) -> Views:
        """A ring of views side by side, turned by half a view at every other step."""
        count = math.ceil(360 / self.fov - 1e-6)
        turn = 180 / count * (step % 2)
        ring = tuple((360 / count * i + turn, 0.0) for i in range(count))
        return ring if self.cover == "ring" else (*ring, (turn, 90.0), (turn, -90.0))

    def random_views(self, count: int, rng: Rng) -> Views:
        """Uniform on the horizon, or on the sphere."""
        azimuth = rng.uniform("azimuth", 0, 360, count)
        if self.cover == "ring":
            return tuple((a, 0.0) for a in azimuth)
        height = rng.uniform("elevation", -1, 1, count)
        return tuple((a, math.degrees(math.asin(y))) for a, y in zip(azimuth, height, strict=True))

    def project(self, z: Tensor, views: Views) -> Tensor:
        seen = self._to_views(views).apply(z.flatten(1))
        return seen.view(len(z), len(views), self.view_size, self.view_size).transpose(0, 1)

    def scatter(self, y: Tensor, views: Views) -> tuple[Tensor, Tensor]:
        values = y.transpose(0, 1).flatten(1)  # c (n h w)
        if self.inverse == "adjoint":
            to_views, ones = self._to_views(views), torch.ones_like(values[:1])
            total, weight = to_views.adjoint(values), to_views.adjoint(ones)
        else:
            from_views, texels, weight = self._from_views(views)
            total = values.new_zeros(len(values), self.height * self.width)
            total.index_add_(1, texels, from_views.apply(values))
        return total.view(-1, *self.shape[1:]), weight.to(y).view(1, *self.shape[1:])

    def inwardness(self, views: Views) -> Tensor:
        size = self.view_size // self.factor
        profile = horizontal_profile(size).to(self.device)
        if self.cover == "ring":
            return profile.expand(size, size)
        return torch.minimum(profile, profile[:, None])

    def _build_to_views(self, views: Views) -> Taps:
        """Taps on the canvas for every pixel of every view."""
        rays = geometry.view_directions(self.view_size, self.fov, *angles(views))
        column, row = geometry.equirect_position(rays, self.height, self.width)
        sample = taps.bilinear if self.sampling == "bilinear" else taps.nearest
        return sample(column, row, self.height, self.width, wrap=True).to(self.device)

    def _build_from_views(self, views: Views) -> tuple[Taps, Tensor, Tensor]:
        """Taps on the views for every (view, texel) that meet, those texels, and their counts."""
        texel_rays = geometry.equirect_directions(self.height, self.width).flatten(0, 1)
        parts, texels = [], []
        for i, view in enumerate(views):
            column, row, seen = self._meet(texel_rays, view)
            parts.append(self._view_taps(column, row, i, len(views)))
            texels.append(seen)
        joined = Taps(
            torch.cat([part.index for part in parts]),
            torch.cat([part.weight for part in parts]),
            parts[0].cells,
        )
        texel = torch.cat(texels)
        count = torch.bincount(texel, minlength=len(texel_rays)).float()
        return joined.to(self.device), texel.to(self.device), count.to(self.device)

    def _meet(self, rays: Tensor, view: tuple[float, ...]) -> tuple[Tensor, Tensor, Tensor]:
        """Pixel positions of the texels that fall inside one view, and which texels those are."""
        column, row, ahead = geometry.view_position(
            rays, self.view_size, self.fov, *angles((view,))
        )
        # A hair wider than the view, or rounding lets both neighbours miss a texel on their border.
        half = self.view_size / 2 + 1e-6
        centre = (self.view_size - 1) / 2
        inside = (ahead > 0) & ((column - centre).abs() <= half) & ((row - centre).abs() <= half)
        seen = inside[0].nonzero()[:, 0]
        return column[0, seen], row[0, seen], seen

    def _view_taps(self, column: Tensor, row: Tensor, i: int, count: int) -> Taps:
        """Taps inside view i of the stack of all views."""
        size, sample = self.view_size, taps.nearest
        if self.sampling == "bilinear":
            sample = taps.bilinear
            column, row = column.clamp(0, size - 1), row.clamp(0, size - 1)
        own = sample(column, row, size, size, wrap=False)
        return Taps(own.index + i * size * size, own.weight, count * size * size)


def angles(views: Views) -> tuple[Tensor, Tensor]:
    """Azimuths and elevations (n,) in degrees."""
    azimuth, elevation = torch.tensor(views, dtype=torch.float64).unbind(-1)
    return azimuth, elevation
