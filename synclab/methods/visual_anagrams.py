"""Visual Anagrams: one canonical state, the noise of all views averaged on it.

Geng, Park and Owens, "Visual Anagrams: Generating Multi-View Optical Illusions with Diffusion
Models", 2024 (arXiv 2311.17919), eq. 3. Views must be orthogonal, so that noise stays noise; each
may have its own prompt. With DDIM it is code 4 of SyncTweedies.
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
from synclab.core.sync import gather, pin, project


@dataclass(frozen=True)
class VisualAnagrams(NoisyMethod):
    """`steps` network calls for each view at guidance scale `guidance`."""

    steps: TimeSteps = 30
    guidance: float = 10.0
    spacing: Spacing = "even"

    @property
    def keeps_known(self) -> bool:
        return True

    def __call__(self, prior: Denoiser, space: Space, condition: Condition, rng: Rng) -> Estimates:
        schedule, views = prior.schedule, space.all_views()
        cond = condition.at(views)
        z = rng.normal("start", space.shape)
        for t, s in schedule.steps(self.steps, spacing=self.spacing):
            eps = prior.predict(project(space, z, views), t, cond, self.guidance)
            z0 = pin(space, schedule.x0(z, gather(space, eps, views), t))
            z = schedule.ddim(z, z0, t, s)
            yield z
