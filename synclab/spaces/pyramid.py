"""Laplacian pyramids: an image as bands of spatial frequency.

Burt and Adelson, "The Laplacian Pyramid as a Compact Image Code", 1983; here the sides of two
neighbouring bands differ by any whole factor p.
"""

import torch.nn.functional as F
from torch import Tensor


def shrink(x: Tensor, p: int) -> Tensor:
    """Means of p x p pixels: (c, h, w) -> (c, h / p, w / p)."""
    return F.avg_pool2d(x, p)


def grow(x: Tensor, p: int) -> Tensor:
    """Bilinear enlargement: (c, h, w) -> (c, p h, p w)."""
    return F.interpolate(x[None], scale_factor=p, mode="bilinear", align_corners=False)[0]


def pyramid(x: Tensor, p: int, bands: int) -> list[Tensor]:
    """The bands of x (c, h, w) from the finest down; last what remains, x shrunk by p^bands.

    Band k has side h / p^k: what is lost by shrinking the image by p and enlarging it again.
    """
    if bands == 0:
        return [x]
    small = shrink(x, p)
    return [x - grow(small, p), *pyramid(small, p, bands - 1)]


def rebuild(bands: list[Tensor], p: int) -> Tensor:
    """The image (c, h, w) of a pyramid."""
    x = bands[-1]
    for band in reversed(bands[:-1]):
        x = grow(x, p) + band
    return x
