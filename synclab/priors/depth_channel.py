"""Stable Diffusion 2's depth model: the UNet sees disparity as a fifth channel.

Rombach et al. 2022; https://huggingface.co/stabilityai/stable-diffusion-2-depth. StochSync's prior
for meshes.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from synclab.priors.depth import DepthPrior, to_unit_range


@dataclass
class DepthChannelPrior(DepthPrior):
    """A UNet of five input channels, the latent's four and the disparity's."""

    extra_channels: ClassVar[int] = 1

    def show(self, disparity: Tensor) -> Tensor:
        """Disparity at latent size, scaled to [-1, 1] over all views, as in StochSync's code."""
        small = F.interpolate(disparity, self.shape[1:], mode="bicubic", align_corners=False)
        return 2 * to_unit_range(small) - 1

    def answer(self, t: int, x: Tensor, *condition: Tensor) -> Tensor:
        context, shown = condition
        return super().answer(t, torch.cat([x, shown], 1), context)
