"""SyncDiffusion: views are first made perceptually similar to an anchor view, then averaged.

Lee et al., "SyncDiffusion: Coherent Montage via Synchronized Joint Diffusions", 2023 (arXiv
2306.05178), Alg. 1. The perceptual distance is the prior's: LPIPS for the papers' checkpoints, the
judge's features for the embedded one.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from synclab.core.protocols import (
    Cond,
    Condition,
    Denoiser,
    Estimates,
    NoisyMethod,
    Rng,
    Space,
    TimeSteps,
)
from synclab.core.schedule import Spacing
from synclab.core.sync import gather, pin_noisy, project


@dataclass(frozen=True)
class SyncDiffusion(NoisyMethod):
    """Gradient weight `weight` * `decay`^i during the first `guided_steps` steps i."""

    steps: TimeSteps = 50
    guidance: float = 7.5
    spacing: Spacing = "even"
    weight: float = 20.0
    decay: float = 0.95
    guided_steps: int = 50

    @property
    def keeps_known(self) -> bool:
        return True

    @property
    def needs_distance(self) -> bool:
        return True

    def __call__(self, prior: Denoiser, space: Space, condition: Condition, rng: Rng) -> Estimates:
        schedule, views = prior.schedule, space.all_views()
        cond = condition.at(views)
        z = start = rng.normal("start", space.shape)
        for i, (t, s) in enumerate(schedule.steps(self.steps, spacing=self.spacing)):
            x = project(space, z, views)
            if i < self.guided_steps and self.weight:
                x = x - self.weight * self.decay**i * self.disagreement(prior, x, t, cond)
            x0 = schedule.x0(x, prior.predict(x, t, cond, self.guidance), t)
            z = gather(space, schedule.ddim(x, x0, t, s), views, old=z)
            z = pin_noisy(space, z, schedule, start, s)
            yield z

    def disagreement(self, prior: Denoiser, x: Tensor, t: int, cond: Cond) -> Tensor:
        """Gradient of the perceptual distance between x0 of each view and the anchor, 0 at it."""
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            x0 = prior.schedule.x0(x, prior.predict(x, t, cond, self.guidance), t)
            anchor = len(x) // 2
            loss = prior.distance(x0, x0[anchor : anchor + 1].detach()).sum()
            (gradient,) = torch.autograd.grad(loss, x)
        gradient[anchor] = 0
        return gradient
