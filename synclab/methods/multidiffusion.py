"""MultiDiffusion: the canonical state is noisy, and views are averaged after every step.

Bar-Tal et al., "MultiDiffusion: Fusing Diffusion Paths for Controlled Image Generation", 2023
(arXiv 2302.08113), eq. 4 and 5. The state holds noise at every step, so it must be in
the network's space: a latent canvas for a latent prior.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from annotated_types import Ge
from torch import Tensor

from synclab.core.protocols import (
    Condition,
    Denoiser,
    Estimates,
    NoisyMethod,
    Rng,
    Space,
    TimeSteps,
    Views,
)
from synclab.core.schedule import Schedule, Spacing
from synclab.core.sync import gather, pin_noisy, project


@dataclass(frozen=True)
class MultiDiffusion(NoisyMethod):
    """`steps` network calls for each view at guidance scale `guidance`.

    On a canvas with regions, the first `bootstrap` steps replace what lies outside the region of a
    prompt by a noised solid colour, so that its object is drawn inside (the paper's bootstrapping).
    `window` "gaussian" weighs a view by the distance to its middle, which hides its borders.
    """

    steps: TimeSteps = 50
    guidance: float = 7.5
    spacing: Spacing = "even"
    window: Literal["uniform", "gaussian"] = "uniform"
    bootstrap: Annotated[int, Ge(0)] = 0

    @property
    def keeps_known(self) -> bool:
        return True

    def __call__(self, prior: Denoiser, space: Space, condition: Condition, rng: Rng) -> Estimates:
        schedule, views = prior.schedule, space.all_views()
        cond = condition.at(views)
        z = start = rng.normal("start", space.shape)
        window = gaussian(z, *prior.shape[1:]) if self.window == "gaussian" else None
        for i, (t, s) in enumerate(schedule.steps(self.steps, spacing=self.spacing)):
            x = project(space, z, views)
            if i < self.bootstrap:
                x = in_regions(x, space, views, schedule, start, t, rng)
            x0 = schedule.x0(x, prior.predict(x, t, cond, self.guidance), t)
            z = gather(space, schedule.ddim(x, x0, t, s), views, old=z, window=window)
            z = pin_noisy(space, z, schedule, start, s)
            yield z


def in_regions(
    x: Tensor, space: Space, views: Views, schedule: Schedule, eps: Tensor, t: int, rng: Rng
) -> Tensor:
    """The views at time t with a solid colour, noised by eps (c, H, W), outside of their regions.

    Without regions the views themselves.
    """
    beside = space.beside(views, rng)
    if beside is None:
        return x
    solid, region = beside
    noisy = schedule.noise(solid.to(x), project(space, eps, views), t)
    return torch.lerp(noisy, x, region.to(x))


def gaussian(like: Tensor, height: int, width: int) -> Tensor:
    """Weights (height, width), a tenth of the view wide (Jimenez 2023, "Mixture of Diffusers")."""
    offsets = [(torch.arange(size).to(like) + 0.5) / size - 0.5 for size in (height, width)]
    down, across = (torch.exp(-offset.square() / (2 * 0.1**2)) for offset in offsets)
    return across * down[:, None]
