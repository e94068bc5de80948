"""Negative-prompt inversion: guidance that leads from the source's prompt to the target's.

Miyake et al., "Negative-prompt Inversion: Fast Image Inversion for Editing with Text-guided
Diffusion Models", 2023 (arXiv 2305.16807), eq. 8: null-text inversion whose optimised empty prompt
is taken to be the source's prompt, so nothing is optimised.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from synclab.core.protocols import SOURCE, Condition, Denoiser, Space
from synclab.methods.ddib import DDIB


@dataclass(frozen=True)
class NegativePromptInversion(DDIB):
    """As DDIB, at guidance scale `guidance` from the source's prediction to the target's."""

    guidance: float = 7.5

    def noise(
        self, prior: Denoiser, condition: Condition, x: Tensor, t: int, space: Space
    ) -> Tensor:
        views = space.all_views()
        cond = condition.at((*SOURCE * len(views), *views))
        source, target = prior.predict(torch.cat([x, x]), t, cond, 1.0).chunk(2)
        return source + self.guidance * (target - source)
