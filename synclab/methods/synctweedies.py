"""SyncTweedies: views meet in their estimates of the clean image (case 2).

Kim et al., "SyncTweedies: A General Generative Framework Based on Synchronized Diffusions", 2024
(arXiv 2403.14370), Alg. 1 in the instance space; Alg. 2 of StochSync's paper with sigma = 0. The
noise is re-derived from the synchronised x0, as the authors' code does, not taken from the network.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor

from synclab.sync import gather, project
from synclab.types import Cond, Count, Prior, Rng, Space, stack_shape


@dataclass(frozen=True)
class SyncTweedies:
    """`steps` network calls for each view at guidance scale `guidance`."""

    steps: Count = 30
    guidance: float = 7.5

    def __call__(self, prior: Prior, space: Space, cond: Cond, rng: Rng) -> Iterator[Tensor | None]:
        schedule, views = prior.schedule, space.all_views()
        cond = cond.at(views)
        x = rng.normal("start", stack_shape(views, prior))
        for t, s in schedule.steps(self.steps):
            x0 = schedule.x0(x, prior.predict(x, t, cond, self.guidance), t)
            z = gather(space, x0, views)
            x = schedule.ddim(x, project(space, z, views), t, s)
            yield z
