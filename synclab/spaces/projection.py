"""The linear map from an equirectangular canvas to its views, its transpose and an inverse."""

from dataclasses import dataclass

import torch
from torch import Tensor

from synclab.spaces.linear import apply
from synclab.spaces.resampling import Sampling, resample, spread
from synclab.spaces.window import Window


@dataclass(frozen=True, eq=False)
class PixelLookup:
    """Sampling positions `at` (n, h, w, 2) of the pixels of n views in a window of the canvas."""

    window: Window
    at: Tensor


@dataclass(frozen=True, eq=False)
class Projection:
    """Renders views of a canvas (c, height, width); each lookup renders those of its window."""

    lookups: tuple[PixelLookup, ...]
    height: int
    width: int
    sampling: Sampling

    def __call__(self, z: Tensor) -> Tensor:
        """(c, H, W) -> (n, c, h, w). Differentiable, once."""
        return apply(self, z)

    def read(self, z: Tensor) -> Tensor:
        seen = [resample(lookup.window.cut(z), lookup.at, self.sampling) for lookup in self.lookups]
        return torch.cat(seen, 1).transpose(0, 1)

    def transpose(self, y: Tensor) -> Tensor:
        """(n, c, h, w) -> (c, H, W)."""
        z = y.new_zeros(y.shape[1], self.height, self.width)
        parts = y.transpose(0, 1).tensor_split(len(self.lookups), 1)
        for pixels, lookup in zip(parts, self.lookups, strict=True):
            window = lookup.window
            window.add(z, spread(pixels, lookup.at, window.height, window.width, self.sampling))
        return z


@dataclass(frozen=True, eq=False)
class TexelLookup:
    """Sampling positions `at` (h, w, 2) of a window's texels in one view.

    `share` (h, w) is 1 / k for the k-th view of a set that sees a texel, 0 where this view does
    not see it: blending the views in one by one with these weights gives their mean.
    """

    window: Window
    at: Tensor
    share: Tensor


@dataclass(frozen=True, eq=False)
class Backprojection:
    """Gives every texel of a canvas (c, height, width) the colour that the views show there."""

    lookups: tuple[TexelLookup, ...]
    height: int
    width: int
    sampling: Sampling

    def total(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """Sum (c, H, W) of the views (n, c, h, w), and how many see each texel (1, H, W)."""
        total, count = (y.new_zeros(c, self.height, self.width) for c in (y.shape[1], 1))
        for pixels, lookup in zip(y, self.lookups, strict=True):
            seen = (lookup.share > 0).to(y)
            lookup.window.add(total, seen * resample(pixels, lookup.at, self.sampling))
            lookup.window.add(count, seen)
        return total, count

    def average(self, y: Tensor, z: Tensor) -> Tensor:
        """Writes the mean of the views into z (c, H, W), in place, where any view sees it."""
        for pixels, lookup in zip(y, self.lookups, strict=True):
            seen = resample(pixels, lookup.at, self.sampling)
            lookup.window.blend(z, seen, lookup.share)
        return z
