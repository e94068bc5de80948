"""MultiDiffusion: the canonical state is noisy, and views are averaged after every step.

Bar-Tal et al., "MultiDiffusion: Fusing Diffusion Paths for Controlled Image Generation", 2023
(arXiv 2302.08113), eq. 4 and 5. The state holds noise at every step, so it must live where the
network does: a latent canvas for a latent prior.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from synclab.schedule import Spacing
from synclab.sync import gather, project
from synclab.types import Cond, Count, Prior, Rng, Space


@dataclass(frozen=True)
class MultiDiffusion:
    """`steps` network calls for each view at guidance scale `guidance`."""

    canonical: ClassVar[str] = "latent"

    steps: Count = 50
    guidance: float = 7.5
    spacing: Spacing = "even"

    def __call__(self, prior: Prior, space: Space, cond: Cond, rng: Rng) -> Iterator[Tensor | None]:
        schedule, views = prior.schedule, space.all_views()
        cond = cond.at(views)
        z = rng.normal("start", space.shape)
        for t, s in schedule.steps(self.steps, spacing=self.spacing):
            x = project(space, z, views)
            x0 = schedule.x0(x, prior.predict(x, t, cond, self.guidance), t)
            z = gather(space, schedule.ddim(x, x0, t, s), views, old=z)
            yield z
