"""DDIB: DDIM inversion under the source's prompt, then DDIM under the target's.

Su et al., "Dual Diffusion Implicit Bridges for Image-to-Image Translation", 2023 (arXiv
2203.08382), Alg. 1. The task has inverted the source; nothing else of it is kept.
"""

from dataclasses import dataclass

from torch import Tensor

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
from synclab.core.schedule import Spacing
from synclab.core.sync import gather, project


@dataclass(frozen=True)
class DDIB(Method):
    """The paper samples without guidance; a `guidance` above 1 is the usual inversion baseline."""

    steps: TimeSteps = 50
    guidance: float = 1.0
    spacing: Spacing = "even"

    @property
    def canonical(self) -> Canonical:
        return "latent"

    @property
    def needs_source(self) -> bool:
        return True

    def __call__(self, prior: Denoiser, space: Space, condition: Condition, rng: Rng) -> Estimates:
        schedule, views = prior.schedule, space.all_views()
        pairs = schedule.steps(self.steps, spacing=self.spacing)
        z = rng.normal("start", space.shape)
        if space.known is not None:
            z = space.known.noised(schedule, z, pairs[0][0]).state
        x = project(space, z, views)
        for t, s in pairs:
            x0 = schedule.x0(x, self.noise(prior, condition, x, t, space), t)
            x = schedule.ddim(x, x0, t, s)
            yield gather(space, x0, views)

    def noise(
        self, prior: Denoiser, condition: Condition, x: Tensor, t: int, space: Space
    ) -> Tensor:
        """The noise in x (n c h w) under the target's prompt."""
        return prior.predict(x, t, condition.at(space.all_views()), self.guidance)
