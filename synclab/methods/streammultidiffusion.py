"""StreamMultiDiffusion: MultiDiffusion with a few steps of a consistency model.

Lee et al., "StreamMultiDiffusion: Real-Time Interactive Generation with Region-Based Semantic
Control", 2024 (arXiv 2403.09055). Estimates of x0 are averaged before noise is added, so that the
noise of a step is not averaged away. Needs a prior of few steps, such as prior=sd_turbo or an LCM.
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from annotated_types import Ge

from synclab.core.protocols import (
    Condition,
    Denoiser,
    Estimates,
    NoisyMethod,
    Rng,
    Space,
    TimeSteps,
)
from synclab.core.schedule import Spacing
from synclab.core.sync import gather, pin, project
from synclab.methods.multidiffusion import in_regions


@dataclass(frozen=True)
class StreamMultiDiffusion(NoisyMethod):
    """`steps` network calls for each view; consistency models take `guidance` 1.

    On a canvas with regions, the first `bootstrap` steps replace what lies outside the region of a
    prompt by a noised solid colour.
    """

    steps: TimeSteps = 4
    guidance: float = 1.0
    spacing: Spacing = "even"
    bootstrap: Annotated[int, Ge(0)] = 0

    @property
    def keeps_known(self) -> bool:
        return True

    @property
    def needs_distilled(self) -> bool:
        return True

    def __call__(self, prior: Denoiser, space: Space, condition: Condition, rng: Rng) -> Estimates:
        schedule, views = prior.schedule, space.all_views()
        cond = condition.at(views)
        z = start = rng.normal("start", space.shape)
        z0 = torch.zeros_like(z)
        for i, (t, s) in enumerate(schedule.steps(self.steps, spacing=self.spacing)):
            x = project(space, z, views)
            if i < self.bootstrap:
                x = in_regions(x, space, views, schedule, start, t, rng)
            x0 = schedule.x0(x, prior.predict(x, t, cond, self.guidance), t)
            z0 = pin(space, gather(space, x0, views, old=z0))
            z = z0 if s < 0 else schedule.noise(z0, rng.normal("consistency", space.shape), s)
            yield z
