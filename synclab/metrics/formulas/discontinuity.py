"""Discontinuity score: how much steeper a picture is across a border than right beside it.

Christensen et al., Geometry Fidelity for Spherical Images (2407.18207), section 3.2.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

SIDE = 3  # columns of the strip on each side of a border
FLAT = 0.1  # added to the slope beside a border: flat surroundings do not divide by 0
SMOOTHING = (3 / 16, 10 / 16, 3 / 16)  # of a Scharr filter, along the border
LUMINANCE = (0.299, 0.587, 0.114)  # ITU-R BT.601


def discontinuity(image: Tensor, borders: Sequence[int]) -> float:
    """The mean score of vertical borders; of one border over the whole height it is the paper's.

    Args:
        image: (3, H, W) in [0, 1], whose last column meets the first.
        borders: columns; a border lies between a column and the one to its left.

    Returns: mean over rows of (|a2| / (|a1| + 0.1) + |a3| / (|a4| + 0.1)) / 2, where a1 to a4 are
        the horizontal slopes around the border, a2 and a3 those across it.
    """
    a1, a2, a3, a4 = slopes(strips(image, borders)).unbind(-1)
    return float((a2 / (a1 + FLAT) + a3 / (a4 + FLAT)).mean() / 2)


def strips(image: Tensor, borders: Sequence[int]) -> Tensor:
    """Luminance (n, 1, H, 6) of three columns on each side of every border."""
    columns = torch.tensor(borders)[:, None] + torch.arange(-SIDE, SIDE)
    around = image[..., columns % image.shape[-1]].double()  # (3, H, n, 6)
    return torch.einsum("c,chnw->nhw", image.new_tensor(LUMINANCE).double(), around)[:, None]


def slopes(strip: Tensor) -> Tensor:
    """Absolute horizontal Scharr slopes (n, 1, H, 4) of strips (n, 1, H, 6)."""
    padded = functional.pad(strip, (0, 0, 1, 1), mode="replicate")
    filters = torch.outer(strip.new_tensor(SMOOTHING), strip.new_tensor([-1.0, 0.0, 1.0]))
    return functional.conv2d(padded, filters[None, None]).abs()
