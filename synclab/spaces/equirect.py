"""Cached lookup maps between perspective views and an equirectangular canvas."""

import math
from dataclasses import astuple, dataclass
from functools import lru_cache
from typing import Literal

import torch
from torch import Tensor

from synclab.core import geometry
from synclab.core.protocols import View, Views
from synclab.spaces.projection import Backprojection, PixelLookup, Projection, TexelLookup
from synclab.spaces.resampling import Sampling, chosen, positions
from synclab.spaces.window import Window

Grid = Literal["centres", "corners"]

SMALL = 2**17
"""Texels of a canvas up to which reading all of it is cheaper than finding windows."""


@dataclass(frozen=True)
class EquirectMaps:
    """Canvas of `height` x `width` texels, square views of `view_size` pixels, `fov` degrees wide.

    With `grid="corners"` texels are sampled at their corners, columns do not wrap, and a view
    extends `margin` pixels beyond its border: the released code of StochSync, with margin 1.

    Maps of the last 16 sets of views are cached for all samples of a process. They take 8 bytes
    per view pixel and 12 bytes per texel of a window. The paper's 5 views of 512 pixels take
    10 + 41 MB, the 60 views of its 8K panorama 0.1 + 0.5 GB.
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
        """float32 for "corners": nearest-pixel ties of the released code depend on its rounding."""
        return torch.float64 if self.grid == "centres" else torch.float32

    @lru_cache(maxsize=16)  # noqa: B019 - keyed by value: equal maps are shared and few
    def to_views(self, views: Views) -> Projection:
        """The canvas positions that each pixel of the views reads."""
        column, row = self._look(views)
        windows = self._windows(views)
        numbers = torch.tensor([*map(astuple, windows)], dtype=torch.float64)
        top, left, height, width = numbers.T[..., None, None]
        at = positions((column - left) % self.width, row - top, height, width)
        lookups = tuple(map(PixelLookup, windows, at.to(self.device).tensor_split(len(windows))))
        return Projection(lookups, self.height, self.width, self.sampling)

    @lru_cache(maxsize=16)  # noqa: B019
    def from_views(self, views: Views) -> Backprojection:
        """The view positions that each texel of the canvas takes its colour from."""
        parts = [self._meet(view) for view in views]
        count = torch.zeros(1, self.height, self.width, dtype=torch.int16)
        found = []
        for window, at, seen in parts:
            window.add(count, seen)
            share = torch.where(seen, window.cut(count)[0].float().reciprocal(), 0)
            found.append(TexelLookup(window, at.to(self.device), share.to(self.device)))
        return Backprojection(tuple(found), self.height, self.width, self.sampling)

    def _look(self, views: Views) -> tuple[Tensor, Tensor]:
        """Canvas columns and rows (n, h, w) at which the pixels of the views lie."""
        rays = geometry.view_directions(self.view_size, self.fov, *angles(views, self.dtype))
        column, row = geometry.equirect_position(rays, self.height, self.width, self.offset)
        if self.grid == "corners":
            column, row = column.clamp(0, self.width - 1), row.clamp(0, self.height - 1)
        return chosen(column, self.sampling), chosen(row, self.sampling)

    def _meet(self, view: View) -> tuple[Window, Tensor, Tensor]:
        """A window of the canvas, its texels' positions in the view, and which are inside."""
        window = self._window(view).within(self.height, self.width)
        column, row, ahead = geometry.view_position(
            self._rays(window), self.view_size, self.fov, *angles((view,), self.dtype)
        )
        # Slightly wider than the view: rounding must not let both neighbours miss a border texel.
        half = self.view_size / 2 + self.margin + 1e-6
        centre = (self.view_size - 1) / 2
        aside = torch.maximum((column - centre).abs(), (row - centre).abs())
        seen = (ahead > 0) & (aside <= half)
        column, row = chosen(column, self.sampling), chosen(row, self.sampling)
        return window, positions(column, row, self.view_size, self.view_size)[0], seen[0]

    def _windows(self, views: Views) -> list[Window]:
        """One window for each view, or one for all views if the canvas is small."""
        if self.height * self.width <= SMALL:
            return [Window(-1, -1, self.height + 2, self.width + 2)]
        return [self._window(view) for view in views]

    def _window(self, view: View) -> Window:
        """All texels that a view may cover, with a border of one texel for bilinear sampling."""
        azimuth, elevation = view
        wider = 1 + 2 * (self.margin + 1) / self.view_size  # by a pixel, whatever rounding does
        reach = math.tan(math.radians(self.fov) / 2) * wider
        longitude, low, high = geometry.view_extent(reach, elevation)
        middle, size = math.radians(azimuth), (self.height, self.width, self.offset)
        left, top = geometry.equirect_texel(middle - longitude, high, *size)
        right, bottom = geometry.equirect_texel(middle + longitude, low, *size)
        top, bottom = max(math.floor(top) - 1, -1), min(math.ceil(bottom) + 1, self.height)
        left, right = math.floor(left) - 1, math.ceil(right) + 1
        return Window(top, left, bottom - top + 1, right - left + 1)

    def _rays(self, window: Window) -> Tensor:
        """Directions (h, w, 3) of the window's texels."""
        longitude, latitude = geometry.equirect_angles(
            self.height, self.width, self.offset, self.dtype
        )
        columns = torch.arange(window.left, window.left + window.width) % self.width
        rows = latitude[window.top : window.top + window.height, None]
        return geometry.direction(longitude[columns], rows)


def angles(views: Views, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Azimuths and elevations (n,) in degrees."""
    azimuth, elevation = torch.tensor(views, dtype=dtype).unbind(-1)
    return azimuth, elevation
