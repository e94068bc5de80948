"""Clipping of estimated clean images, as a checkpoint's scheduler file says."""

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

Clip = Callable[[Tensor], Tensor]
"""From estimates (n c h w) to clipped ones."""


def unclipped(x0: Tensor) -> Tensor:
    return x0


def static(limit: float) -> Clip:
    """Clips to [-limit, limit] (Ho et al. 2020)."""
    return lambda x0: x0.clamp(-limit, limit)


def dynamic(share: float, largest: float) -> Clip:
    """Divides an image by the magnitude that a `share` of its values has at most, from 1 to
    `largest`, and clips to [-1, 1] (Saharia et al. 2022, "Imagen", section 2.3).
    """

    def clip(x0: Tensor) -> Tensor:
        magnitude = x0.abs().flatten(1).quantile(share, 1).clamp(1, largest)[:, None, None, None]
        return x0.clamp(-magnitude, magnitude) / magnitude

    return clip


def read_threshold(config: Mapping[str, Any]) -> Clip:
    """The clipping of a scheduler file of diffusers; a file that states none does not clip."""
    if config.get("thresholding", False):
        return dynamic(config["dynamic_thresholding_ratio"], config["sample_max_value"])
    if config.get("clip_sample", False):
        return static(config.get("clip_sample_range", 1.0))
    return unclipped
