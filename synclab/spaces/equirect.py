"""Sampling maps between perspective views and an equirectangular canvas, built once and shared."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import torch
from torch import Tensor

from synclab import geometry
from synclab.spaces import taps
from synclab.spaces.taps import Taps
from synclab.types import Views

Sampling = Literal["bilinear", "nearest"]
Grid = Literal["centres", "corners"]


@dataclass(frozen=True)
class EquirectMaps:
    """Canvas of `height` x `width` texels, square views of `view_size` pixels, `fov` degrees wide.

    With `grid="corners"` texels are taken at their corners, columns do not wrap, and a view reaches
    `margin` pixels beyond its border: the released code of StochSync, with margin 1.

    Fixed view sets are mapped once for all samples of a process; random ones come and go.
    """

    height: int
    width: int
    view_size: int
    fov: float
    sampling: Sampling
    grid: Grid
    margin: float
    device: str

    @property
    def offset(self) -> float:
        return 0.5 if self.grid == "centres" else 0.0

    @property
    def dtype(self) -> torch.dtype:
        """The released code's ties between nearest pixels fall as single precision rounds them."""
        return torch.float64 if self.grid == "centres" else torch.float32

    @lru_cache(maxsize=16)  # noqa: B019 - keyed by value: equal maps are shared and few
    def to_views(self, views: Views) -> Taps:
        """Taps on the canvas for every pixel of every view."""
        rays = geometry.view_directions(self.view_size, self.fov, *angles(views, self.dtype))
        column, row = geometry.equirect_position(rays, self.height, self.width, self.offset)
        sample = taps.bilinear if self.sampling == "bilinear" else taps.nearest
        wrap = self.grid == "centres"
        return sample(column, row, self.height, self.width, wrap).to(self.device)

    @lru_cache(maxsize=16)  # noqa: B019
    def from_views(self, views: Views) -> tuple[Taps, Tensor, Tensor]:
        """Taps on the views for every (view, texel) that meet, those texels, and their counts."""
        texel_rays = geometry.equirect_directions(self.height, self.width, self.offset, self.dtype)
        texel_rays = texel_rays.flatten(0, 1)
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
            rays, self.view_size, self.fov, *angles((view,), self.dtype)
        )
        # A hair wider than the view, or rounding lets both neighbours miss a texel on their border.
        half = self.view_size / 2 + self.margin + 1e-6
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


def angles(views: Views, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Azimuths and elevations (n,) in degrees."""
    azimuth, elevation = torch.tensor(views, dtype=dtype).unbind(-1)
    return azimuth, elevation
