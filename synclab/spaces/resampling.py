"""Sampling of an image at fractional positions, and its transpose."""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

Sampling = Literal["bilinear", "nearest"]


def chosen(position: Tensor, sampling: Sampling) -> Tensor:
    """The sampled position in pixels, rounded for nearest sampling (ties to even)."""
    return position.round() if sampling == "nearest" else position


def positions(column: Tensor, row: Tensor, height: float | Tensor, width: float | Tensor) -> Tensor:
    """Positions (..., 2) for `resample` from columns and rows of a height x width image.

    Integers are pixel centres. Positions run from -1 to 1 between the image's outer borders; fp32
    is accurate to 1e-3 pixels for the largest images here.
    """
    x = column * (2 / width) + (1 / width - 1)
    y = row * (2 / height) + (1 / height - 1)
    return torch.stack([x.float(), y.float()]).movedim(0, -1)


def resample(image: Tensor, at: Tensor, sampling: Sampling) -> Tensor:
    """Image (c, H, W) at positions (..., w, 2): (c, ..., w). Differentiable.

    Positions outside the image sample its border. The computation uses at least fp32: half
    precision is too coarse for positions.
    """
    precision = torch.promote_types(image.dtype, torch.float32)
    values, grid = image[None].to(precision), at.flatten(0, -3)[None].to(precision)
    read = F.grid_sample(values, grid, sampling, padding_mode="border", align_corners=False)
    return read.view(len(image), *at.shape[:-1]).to(image.dtype)


def spread(values: Tensor, at: Tensor, height: int, width: int, sampling: Sampling) -> Tensor:
    """Transpose of `resample`: (c, ..., w) at positions (..., w, 2) of a height x width image."""
    precision = torch.promote_types(values.dtype, torch.float32)
    given, grid = values.flatten(1, -2)[None].to(precision), at.flatten(0, -3)[None].to(precision)
    image = given.new_empty(()).expand(1, len(values), height, width)  # only its shape is used
    mode, border = ("bilinear", "nearest").index(sampling), 1
    backward, wanted = torch.ops.aten.grid_sampler_2d_backward, (True, False)
    return backward(given, image, grid, mode, border, False, wanted)[0][0].to(values.dtype)
