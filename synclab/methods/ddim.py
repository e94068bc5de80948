"""Independent views: plain DDIM in every view, nothing synchronised.

Song et al., "Denoising Diffusion Implicit Models", 2021 (arXiv 2010.02502), eq. 12 with eta = 0.
The lower bound that every synchronisation method must beat: SyncTweedies' case 0.
"""

from dataclasses import dataclass

from synclab.core.protocols import Condition, Denoiser, Estimates, Method, Rng, Space, TimeSteps
from synclab.core.schedule import Spacing
from synclab.core.sync import gather, pin, stack_shape


@dataclass(frozen=True)
class DDIM(Method):
    """`steps` network calls for each view at guidance scale `guidance`."""

    steps: TimeSteps = 25
    guidance: float = 7.5
    spacing: Spacing = "even"

    @property
    def keeps_known(self) -> bool:
        return True

    def __call__(self, prior: Denoiser, space: Space, condition: Condition, rng: Rng) -> Estimates:
        schedule, views = prior.schedule, space.all_views()
        cond = condition.at(views)
        x = rng.normal("start", stack_shape(views, prior))
        for t, s in schedule.steps(self.steps, spacing=self.spacing):
            x0 = schedule.x0(x, prior.predict(x, t, cond, self.guidance), t)
            x = schedule.ddim(x, x0, t, s)
            yield pin(space, gather(space, x, views)) if s <= 0 else None
