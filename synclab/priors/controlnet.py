"""Depth conditioning by a ControlNet on a plain Stable Diffusion.

Zhang et al., "Adding Conditional Control to Text-to-Image Diffusion Models", 2023 (arXiv
2302.05543); SyncTweedies' and SyncSDE's prior for meshes.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import torch.nn.functional as F
from torch import Tensor

from synclab.core.protocols import Time
from synclab.errors import UserError
from synclab.priors.checkpoint import cached_file, on_the_hub
from synclab.priors.depth import DepthPrior, to_unit_range

KEY = "prior.control_path"
EXPECTED = "expected a ControlNet in diffusers format"


@dataclass
class ControlNetPrior(DepthPrior):
    """Stable Diffusion with a ControlNet that takes disparities as greyscale images.

    Args:
        control_path: the ControlNet's folder, or its name on the Hub, `owner/name@revision`.
        control_scale: factor on the residuals that the ControlNet adds to the UNet.
        control_t_min, control_t_max: range of times at which it is applied, both included.
    """

    control_path: str = "lllyasviel/control_v11f1p_sd15_depth"
    control_scale: float = 1.0
    control_t_min: Time = 0
    control_t_max: Time = 999

    def load_denoiser(self) -> int:
        from diffusers import ControlNetModel

        self.control_path = locate_network(self.control_path)
        parts = replace(self.parts, path=self.control_path, key=KEY, expected=EXPECTED)
        self.controlnet = self.prepare(parts.network(ControlNetModel, None))
        return super().load_denoiser()

    def show(self, disparity: Tensor) -> Tensor:
        """Disparity at image size, normalised to [0, 1] over all views, in three equal channels."""
        size = (self.image_size, self.image_size)
        image = F.interpolate(disparity, size, mode="bilinear", align_corners=False)
        return to_unit_range(image).expand(-1, 3, -1, -1)

    def answer(self, t: int, x: Tensor, *condition: Tensor) -> Tensor:
        context, shown = condition
        if not self.control_t_min <= t <= self.control_t_max:
            return super().answer(t, x, context)
        down, middle = self.controlnet(
            x, self.time(t), context, shown, self.control_scale, return_dict=False
        )
        return self.unet(
            x,
            self.time(t),
            context,
            down_block_additional_residuals=down,
            mid_block_additional_residual=middle,
        ).sample


def locate_network(path: str) -> str:
    """Resolves a local folder, or a name on the Hub or in its cache.

    Raises: UserError if there is neither.
    """
    folder = Path(path).expanduser()
    if folder.is_dir():
        return str(folder.resolve())
    if cached_file(path, "config.json") or on_the_hub(path):
        return path
    raise UserError(
        f"{KEY}={path}: no such folder, nor found on the Hub or in its cache; {EXPECTED}; download"
        f" it on a machine with network, or use {KEY}=/a/folder"
    )
