"""SDEdit: the source is noised part of the way and denoised under the target's prompt.

Meng et al., "SDEdit: Guided Image Synthesis and Editing with Stochastic Differential Equations",
2022 (arXiv 2108.01073), Alg. 2: the variance-preserving SDE, in the steps of DDPM.
"""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Interval

from synclab.core.protocols import (
    Canonical,
    Condition,
    Denoiser,
    Estimates,
    Method,
    Rng,
    Space,
    TimeSteps,
)
from synclab.core.sync import gather, project


@dataclass(frozen=True)
class SDEdit(Method):
    """`strength` is the part of the times the source is noised by: 0 keeps it, 1 forgets it."""

    steps: TimeSteps = 50
    guidance: float = 7.5
    strength: Annotated[float, Interval(gt=0, le=1)] = 0.6

    @property
    def canonical(self) -> Canonical:
        return "latent"

    @property
    def needs_source(self) -> bool:
        return True

    def __call__(self, prior: Denoiser, space: Space, condition: Condition, rng: Rng) -> Estimates:
        schedule, views, z = prior.schedule, space.all_views(), space.initial
        assert z is not None, "an edit has a source"
        cond, pairs = condition.at(views), schedule.steps(self.steps, self.start(prior))
        x0 = project(space, z, views)
        x = schedule.noise(x0, rng.normal("start", tuple(x0.shape)), pairs[0][0])
        for t, s in pairs:
            x0 = schedule.x0(x, prior.predict(x, t, cond, self.guidance), t)
            x = schedule.ddpm(x, x0, rng.normal("step", tuple(x.shape)), t, s)
            yield gather(space, x0, views)

    def start(self, prior: Denoiser) -> int:
        """The time that the source is noised to."""
        return round(self.strength * prior.schedule.last)
