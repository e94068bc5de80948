"""Independent views: plain DDIM in every view, nothing synchronised.

Song et al., "Denoising Diffusion Implicit Models", 2021 (arXiv 2010.02502), eq. 12 with eta = 0.
The lower bound that every synchronisation method must beat: SyncTweedies' case 0.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor

from synclab.core.protocols import Cond, Count, Prior, Rng, Space, stack_shape
from synclab.core.schedule import Spacing
from synclab.core.sync import gather


@dataclass(frozen=True)
class DDIM:
    """`steps` network calls for each view at guidance scale `guidance`."""

    steps: Count = 25
    guidance: float = 7.5
    spacing: Spacing = "even"

    def __call__(self, prior: Prior, space: Space, cond: Cond, rng: Rng) -> Iterator[Tensor | None]:
        schedule, views = prior.schedule, space.all_views()
        cond = cond.at(views)
        x = rng.normal("start", stack_shape(views, prior))
        for t, s in schedule.steps(self.steps, spacing=self.spacing):
            x0 = schedule.x0(x, prior.predict(x, t, cond, self.guidance), t)
            x = schedule.ddim(x, x0, t, s)
            yield gather(space, x, views) if s <= 0 else None
