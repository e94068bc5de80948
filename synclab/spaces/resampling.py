"""Reading an image at fractional positions."""

from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

Sampling = Literal["bilinear", "nearest"]


def chosen(position: Tensor, sampling: Sampling) -> Tensor:
    """The position in pixels that is read: its own, or the nearest pixel's, ties as given."""
    return position.round() if sampling == "nearest" else position


def positions(column: Tensor, row: Tensor, height: Any, width: Any) -> Tensor:
    """Positions (..., 2) for `resample`, of columns and rows of a height x width image.

    Integers are pixel centres. Positions run from -1 to 1 between the image's outer borders; they
    are single, which is precise to 1e-4 pixels of the largest images here.
    """
    x = column * (2 / width) + (1 / width - 1)
    y = row * (2 / height) + (1 / height - 1)
    return torch.stack([x.float(), y.float()]).movedim(0, -1)


def resample(image: Tensor, at: Tensor, sampling: Sampling) -> Tensor:
    """Image (c, H, W) at positions (h, w, 2): (c, h, w). Differentiable.

    Positions outside read the border. Half precision is too coarse for positions, so that values
    are single at least inside.
    """
    precision = torch.promote_types(image.dtype, torch.float32)
    values, grid = image[None].to(precision), at[None].to(precision)
    read = F.grid_sample(values, grid, sampling, padding_mode="border", align_corners=False)
    return read[0].to(image.dtype)
