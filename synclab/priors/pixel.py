"""Diffusion of pixels in diffusers format: a UNet and a text encoder, no VAE.

A view of a pixel prior may be turned, flipped or rearranged exactly, so ambiguous images need one
(Geng et al. 2024, "Visual Anagrams", section 3.3).
"""

from dataclasses import dataclass
from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor

from synclab.core.protocols import Cond
from synclab.errors import UserError
from synclab.priors.checkpoint import PIXEL_PARTS
from synclab.priors.prompted import PromptedPrior

RGB = 3


@dataclass
class PixelPrior(PromptedPrior):
    """A UNet that denoises RGB images in [-1, 1].

    One of 3 p^2 input channels sees patches: the pixels of each p x p square as one place.

    Args:
        threshold: whether estimates of the clean image are clipped as the checkpoint's scheduler
            file says; strong guidance overshoots without it.
    """

    threshold: bool = True

    extra_channels: ClassVar[int] = 0
    """Input channels of the UNet besides the image's."""

    folders: ClassVar[tuple[str, ...]] = PIXEL_PARTS

    def load(self) -> tuple[int, int, int]:
        from diffusers import UNet2DConditionModel

        self.unet = self.prepare(self.parts.network(UNet2DConditionModel, "unet"))
        self.clip = self.parts.clipping()
        self.patch = self.patch_of(self.unet.config.in_channels - self.extra_channels)
        side = self.patch * self.side_of(self.unet.config.sample_size)
        return RGB, side, side

    def patch_of(self, channels: int) -> int:
        """The side p of the patches that a UNet of 3 p^2 channels sees.

        Raises: UserError for another number of channels, as of a latent's.
        """
        patch = round((channels / RGB) ** 0.5)
        if RGB * patch**2 != channels:
            raise UserError(
                f"prior.path={self.path}: its unet takes images of {channels} channels; expected 3,"
                " or 3 p^2 of patches of p x p pixels; use prior=sd21_base for a latent model"
            )
        return patch

    @property
    def image_size(self) -> int:
        """Pixels along a side of the prior's native image."""
        return self.shape[1]

    @property
    def factor(self) -> int:
        """1: there is no encoder."""
        return 1

    def predict(self, x: Tensor, t: int, cond: Cond, guidance: float) -> Tensor:
        """The noise beside the clipped clean image; see `threshold`."""
        eps = super().predict(x, t, cond, guidance)
        if not self.threshold:
            return eps
        return self.schedule.eps(x, self.clip(self.schedule.x0(x, eps, t)), t)

    def answer(self, t: int, x: Tensor, *condition: Tensor) -> Tensor:
        """The network's output for RGB pixels, without the variances that some predict too."""
        patches = F.pixel_unshuffle(x, self.patch)
        answer = super().answer(t, patches, *condition)
        return F.pixel_shuffle(answer[:, : patches.shape[1]], self.patch)

    def encode(self, image: Tensor, eps: Tensor | None = None) -> Tensor:
        """Images (n 3 h w) in [0, 1] to [-1, 1]; nothing is sampled, so `eps` changes nothing."""
        return 2 * image - 1

    def decode(self, x: Tensor) -> Tensor:
        """Images in [-1, 1] to (n 3 h w), clamped to [0, 1]."""
        return (x / 2 + 0.5).clamp(0, 1)
