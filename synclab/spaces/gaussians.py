"""The colours of 3D Gaussians with fixed geometry, seen by cameras around them.

Yeo et al. 2025 (arXiv 2501.15445), App. F. Alpha blending is linear in the colours.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from synclab.core.protocols import View, Views
from synclab.spaces.gaussian_maps import SEEN, GaussianMaps
from synclab.spaces.least_squares import solve_ridge
from synclab.spaces.linear import apply
from synclab.spaces.orbit import Orbit
from synclab.spaces.splatting.splatter import Blending

RIDGE_STEPS = 20
"""Conjugate gradient steps of the ridge solution."""

SPREAD = 2.5e-4
"""Assumed variance of colours about their weighted mean; see `Gaussians.estimate`."""

Gather = Literal["mean", "ridge"]


Parts = list[tuple[Blending, Tensor]]
"""Views of a cloud: the blending and the pixels (c, p) of each."""


@dataclass(kw_only=True)
class Gaussians(Orbit):
    """The canvas is (channels, 1, n), one colour for each of n Gaussians.

    `project` blends the colours on `background`, so projection is affine unless that is 0.
    """

    maps: GaussianMaps
    background: float = 0.0
    gather: Gather = "ridge"

    def show(self, z: Tensor, view: View) -> Tensor:
        return apply(self.maps.pose(view), z.flatten(1)) + self._backdrop(view).to(z)

    def _backdrop(self, view: View) -> Tensor:
        """What the background contributes to every pixel: (p,)."""
        return self.background * (1 - self.maps.pose(view).coverage)

    def _foreground(self, y: Tensor, views: Views) -> Parts:
        """Blending of each view, and its pixels (c, p) without the background."""
        parts = [y[i].flatten(1) - self._backdrop(view).to(y) for i, view in enumerate(views)]
        return list(zip(map(self.maps.pose, views), parts, strict=True))

    def cover(self, views: Views) -> Tensor:
        """Total opacity of the object in every pixel: (n, 1, h, w)."""
        found = torch.stack([self.maps.pose(view).coverage for view in views])
        return found.view(-1, 1, self.view_size, self.view_size)

    def scatter(self, y: Tensor, views: Views) -> tuple[Tensor, Tensor]:
        total, weight = (y.new_zeros(c, self.width) for c in (y.shape[1], 1))
        for view, (blending, pixels) in zip(views, self._foreground(y, views), strict=True):
            total += blending.transpose(pixels)
            weight += self.maps.area(view).to(y)
        seen = weight >= SEEN
        return torch.where(seen, total, 0)[:, None], torch.where(seen, weight, 0)[:, None]

    def estimate(self, y: Tensor, views: Views, old: Tensor | None) -> Tensor:
        """New colours, by `gather`; Gaussians that the views hardly see keep their `old` ones.

        "mean": each Gaussian's mean of the pixels that it contributes to, weighted by its blending
        weights. "ridge": least squares with a penalty on the distance from that mean. The penalty
        is the residual of the mean over `SPREAD`: views that agree are reproduced sharply, and the
        noise of views that do not is not fitted.
        """
        z = super().estimate(y, views, old)
        if self.gather == "mean":
            return z
        return solve(self._foreground(y, views), z[:, 0])[:, None]

    def trust(self, views: Views) -> Tensor:
        """Weight (1, n) of a Gaussian's new colour: lower where these views see less of it than the
        views of other steps, 1 where no view sees more; as for meshes.
        """
        here, anywhere = self.maps.best(views), self.maps.best(self.all_views())
        part = here / anywhere.clamp_min(1e-9)
        return torch.where(here >= anywhere, 1, ((part - 0.1) / 0.4).clamp(0, 1))[None]

    def complete(self, z: Tensor, views: Views) -> Tensor:
        """Gives Gaussians that no view sees the colour of the nearest one that is seen."""
        return z[:, :, self.maps.nearest(views)]

    def inwardness(self, views: Views) -> Tensor:
        """Normalised distance (n, 1, h, w) from the pixels that another view sees better."""
        return self.maps.inwardness(views)

    def disparity(self, views: Views) -> Tensor:
        """Inverse depth of the views (n, 1, h, w); see `Prior.with_depth`."""
        return torch.stack([self.maps.disparity(view) for view in views])[:, None]


def solve(parts: Parts, mean: Tensor) -> Tensor:
    """Ridge least squares over all views, around the mean colours (c, n)."""

    def normal(z: Tensor) -> Tensor:
        return sum_of(blending.transpose(blending.read(z)) for blending, _ in parts)

    errors = [(blending.read(mean) - pixels).square().mean() for blending, pixels in parts]
    ridge = max(float(torch.stack(errors).mean()) / SPREAD, 1e-3)
    right = sum_of(blending.transpose(pixels) for blending, pixels in parts)
    diagonal = normal(torch.ones_like(mean[:1]))[0]  # row sums bound it: no entry is negative
    return solve_ridge(normal, right, mean, diagonal, ridge, RIDGE_STEPS)


def sum_of(parts: Iterator[Tensor]) -> Tensor:
    return torch.stack(list(parts)).sum(0)
