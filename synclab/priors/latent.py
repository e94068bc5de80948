"""Latent diffusion in diffusers format: VAE, denoiser, text encoder, scheduler; folder or Hub.

`tiny` and the papers' checkpoints share this loader and differ only in the folder. Subclasses add
another denoiser or further conditions (depth.py, controlnet.py, flow.py).
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from synclab.errors import UserError
from synclab.priors.prompted import PromptedPrior


@dataclass
class LatentPrior(PromptedPrior):
    """A latent diffusion model as a `Prior`: a VAE around a UNet with a text encoder."""

    extra_channels: ClassVar[int] = 0
    """Input channels of the UNet besides the latent's."""

    def load(self) -> tuple[int, int, int]:
        from diffusers import AutoencoderKL

        self.vae = self.parts.network(AutoencoderKL, "vae")
        # A fifth faster on CPUs, and twice as fast in bfloat16; the UNet is not.
        self.vae.to(memory_format=torch.channels_last)
        self.factor = 2 ** (len(self.vae.config.block_out_channels) - 1)
        side = self.load_denoiser()
        return self.vae.config.latent_channels, side, side

    def load_denoiser(self) -> int:
        """Loads the denoiser and returns the side of the latents that it was trained on."""
        from diffusers import UNet2DConditionModel

        self.unet = self.prepare(self.parts.network(UNet2DConditionModel, "unet"))
        expected = self.vae.config.latent_channels + self.extra_channels
        if self.unet.config.in_channels != expected:
            raise UserError(
                f"prior.path={self.path}: its unet takes {self.unet.config.in_channels} channels;"
                f" expected {expected}; use prior=sd2_depth for a depth model, prior=sd21_base for"
                " a plain one"
            )
        if self.unet.config.addition_embed_type is not None:
            raise UserError(
                f"prior.path={self.path}: its unet needs added conditions, like SD XL's;"
                " expected a model of Stable Diffusion 1 or 2, such as prior=sd21_base"
            )
        return self.side_of(self.unet.config.sample_size)

    @property
    def image_size(self) -> int:
        """Pixels along a side of the prior's native image."""
        return self.shape[1] * self.factor

    def encode(self, image: Tensor, eps: Tensor | None = None) -> Tensor:
        """Images (n 3 h w) in [0, 1] to scaled latents: the posterior's mean, or mean + std eps."""
        with self.meter("vae", image.device):
            chunks = (2 * image - 1).to(self.dtype).split(self.batch)
            posteriors = [self.vae.encode(chunk).latent_dist for chunk in chunks]
            latent = torch.cat([posterior.mean for posterior in posteriors]).float().contiguous()
            if eps is not None:
                latent = latent + torch.cat([p.std for p in posteriors]).float() * eps
            return (latent - self._shift) * self.vae.config.scaling_factor

    def decode(self, latent: Tensor) -> Tensor:
        """Latents to images (n 3 h w), clamped to [0, 1]."""
        with self.meter("vae", latent.device):
            latent = latent / self.vae.config.scaling_factor + self._shift
            chunks = latent.to(self.dtype).split(self.batch)
            images = torch.cat([self.vae.decode(chunk).sample for chunk in chunks])
            return (images.float().contiguous() / 2 + 0.5).clamp(0, 1)

    @property
    def _shift(self) -> float:
        """The mean of the VAE's latents if the checkpoint defines one (SD3), else 0."""
        return self.vae.config.shift_factor or 0.0
