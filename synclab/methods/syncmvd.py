"""SyncMVD: x0 of all views averaged around a canonical state that takes stochastic steps.

Liu et al., "Text-Guided Texturing by Synchronized Multi-View Diffusion", 2023 (arXiv 2311.12891).
The state is a noisy texture; SyncTweedies counts it as case 5 (canonical x0), there with DDIM. The
paper's self-attention between neighbouring views, its ramp of the weights' exponent and its
background colours are left out: beside the object every view keeps its own state.
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
from synclab.core.sync import gather, pin, project, stack_shape


@dataclass(frozen=True)
class SyncMVD(NoisyMethod):
    """`steps` network calls for each view at guidance scale `guidance`."""

    steps: TimeSteps = 30
    guidance: float = 15.5
    spacing: Spacing = "even"

    @property
    def keeps_known(self) -> bool:
        return True

    def __call__(self, prior: Denoiser, space: Space, condition: Condition, rng: Rng) -> Estimates:
        schedule, views = prior.schedule, space.all_views()
        cond, shape = condition.at(views), stack_shape(views, prior)
        z, x = rng.normal("start", space.shape), rng.normal("beside", shape)
        for t, s in schedule.steps(self.steps, spacing=self.spacing):
            x = space.overlay(x, project(space, z, views), views)
            x0 = schedule.x0(x, prior.predict(x, t, cond, self.guidance), t)
            z0 = pin(space, gather(space, x0, views))
            z = schedule.ddpm(z, z0, rng.normal("step", space.shape), t, s)
            x = schedule.ddpm(x, x0, rng.normal("step beside", shape), t, s)
            yield z if s > 0 else z0
