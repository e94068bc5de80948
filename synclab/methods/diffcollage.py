"""DiffCollage: the score of a chain of views, minus the score of what neighbours share.

Zhang et al., "DiffCollage: Parallel Generation of Large Content with Diffusion Models", 2023
(arXiv 2303.17076), eq. 5 and 6: p(z) is the product of the views' densities over the product of
the overlaps' densities. That is exact for clean data in which a view's ends are independent given
the overlap (a Markov field); noise breaks the independence, so at other times it approximates.
"""

from dataclasses import dataclass

from torch import Tensor

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
from synclab.core.sync import pin_noisy, project


@dataclass(frozen=True)
class DiffCollage(NoisyMethod):
    """`steps` network calls for each view and each overlap at guidance scale `guidance`.

    Overlaps are narrower than views: a network that was trained on whole views only, such as the
    embedded prior, predicts them badly and paints other textures there.
    """

    steps: TimeSteps = 50
    guidance: float = 7.5
    spacing: Spacing = "even"

    @property
    def keeps_known(self) -> bool:
        return True

    @property
    def needs_overlaps(self) -> bool:
        return True

    def __call__(self, prior: Denoiser, space: Space, condition: Condition, rng: Rng) -> Estimates:
        schedule = prior.schedule
        z = start = rng.normal("start", space.shape)
        for t, s in schedule.steps(self.steps, spacing=self.spacing):
            z0 = schedule.x0(z, self.noise(prior, space, condition, z, t), t)
            z = pin_noisy(space, schedule.ddim(z, z0, t, s), schedule, start, s)
            yield z

    def noise(
        self, prior: Denoiser, space: Space, condition: Condition, z: Tensor, t: int
    ) -> Tensor:
        """The noise in z (c, H, W), a multiple of the score: views minus overlaps."""
        total, weight = z.new_zeros(space.shape), z.new_zeros(1, *space.shape[1:])
        factors = [(1, space, space.all_views())]
        for sign, part, views in [*factors, *((-1, *overlap) for overlap in space.overlaps())]:
            x = project(part, z, views)
            eps, count = part.scatter(
                prior.predict(x, t, condition.at(views), self.guidance), views
            )
            total, weight = total + sign * eps, weight + sign * count
        return total / weight
