"""A flat image with a known region, where the canonical state is held fixed.

StochSync's appendix on stochasticity (Yeo et al. 2025, eq. 9): z agrees with the measurement inside
the mask and with the views outside of it.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from synclab.core.protocols import Views
from synclab.spaces.image import Image


@dataclass(kw_only=True)
class Inpainting(Image):
    """`known` is a clean state (c, H, W), pinned where `mask` (1, H, W) is true.

    Projection and scatter are affine, not linear: known pixels stay constant.
    """

    known: Tensor
    mask: Tensor

    def pin(self, z: Tensor) -> Tensor:
        return torch.where(self.mask, self.known.to(z), z)

    def project(self, z: Tensor, views: Views) -> Tensor:
        return super().project(self.pin(z), views)

    def scatter(self, y: Tensor, views: Views) -> tuple[Tensor, Tensor]:
        total, weight = super().scatter(y, views)
        return torch.where(self.mask, weight * self.known.to(total), total), weight
