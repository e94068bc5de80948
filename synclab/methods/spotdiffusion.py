"""SpotDiffusion: views that do not overlap, moved by a new random offset at every step.

Frolov, Moser and Dengel, "SpotDiffusion: A Fast Approach for Seamless Panorama Generation Over
Time", 2024 (arXiv 2407.15507). Where MultiDiffusion averages overlapping views at every step, here
each cell is denoised once a step, and the borders are never twice in the same place.
"""

from dataclasses import dataclass

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
from synclab.core.sync import gather, pin_noisy, project


@dataclass(frozen=True)
class SpotDiffusion(NoisyMethod):
    """`steps` network calls for each view at guidance scale `guidance`."""

    steps: TimeSteps = 50
    guidance: float = 7.5
    spacing: Spacing = "even"

    @property
    def keeps_known(self) -> bool:
        return True

    def __call__(self, prior: Denoiser, space: Space, condition: Condition, rng: Rng) -> Estimates:
        schedule = prior.schedule
        z = start = rng.normal("start", space.shape)
        for t, s in schedule.steps(self.steps, spacing=self.spacing):
            views = space.shifted_views(rng)
            x = project(space, z, views)
            x0 = schedule.x0(x, prior.predict(x, t, condition.at(views), self.guidance), t)
            z = gather(space, schedule.ddim(x, x0, t, s), views, old=z)
            z = pin_noisy(space, z, schedule, start, s)
            yield z
