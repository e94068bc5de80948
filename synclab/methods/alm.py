"""ALM: what a view adds to the views before it is moved towards a higher likelihood.

Lee, Hwang and Kim, "Accelerated Likelihood Maximization for Diffusion-based Versatile Content
Generation", 2026 (arXiv 2606.31323), as its released code makes wide images. Views are ordered,
earlier ones on top. Before each DDIM step the part that view k adds follows the difference of two
predictions: of the view, and of the view behind the earlier ones; after it, their common part is
pulled to the earlier ones.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from synclab.core.protocols import (
    Condition,
    Denoiser,
    Estimates,
    NoisyMethod,
    Rng,
    Space,
    TimeSteps,
    Views,
)
from synclab.core.schedule import Spacing
from synclab.core.sync import gather, pin_noisy, project


@dataclass(frozen=True)
class ALM(NoisyMethod):
    """`w1` weighs the agreement with the earlier views, `w2` the likelihood of the composite."""

    steps: TimeSteps = 50
    guidance: float = 7.5
    spacing: Spacing = "even"
    w1: float = 1.0
    w2: float = 0.001

    @property
    def keeps_known(self) -> bool:
        return True

    def __call__(self, prior: Denoiser, space: Space, condition: Condition, rng: Rng) -> Estimates:
        schedule, views = prior.schedule, space.all_views()
        cond, start = condition.at(views), rng.normal("start", space.shape)
        x = project(space, start, views)
        for t, s in schedule.steps(self.steps, spacing=self.spacing):
            sigma = schedule.posterior_std(t, s)
            x, blend, common = self.maximise(prior, space, condition, start, x, t, sigma)
            x0 = schedule.x0(x, prior.predict(x, t, cond, self.guidance), t)
            x = schedule.ddim(x, x0, t, s) - self.w1 * sigma * common * (x - blend)
            yield pin_noisy(space, cover(space, x, views)[0], schedule, start, s)

    def maximise(
        self,
        prior: Denoiser,
        space: Space,
        condition: Condition,
        start: Tensor,
        x: Tensor,
        t: int,
        sigma: float,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The views x, moved; the same behind the earlier ones; where those are (n c h w each).

        One view after another: each is compared with the moved one before it.
        """
        views, known = space.all_views(), space.known
        eps_y = prior.predict(x, t, condition.at(views), 1.0)
        z, seen = torch.zeros_like(start), torch.zeros_like(start[:1])
        moved, blends, commons = [], [], []
        for k, view in enumerate(views):
            x_k, at = x[k : k + 1], (view,)
            taken = seen if known is None else torch.maximum(seen, known.weight.to(seen))
            common = space.project(taken, at).abs() > 0.5  # a view may flip the sign
            earlier = pin_noisy(space, z, prior.schedule, start, t)
            blend = torch.where(common, project(space, earlier, at), x_k)
            if common.any():
                eps_e = prior.predict(blend, t, condition.at(at), 1.0)
                update = self.w1 * (eps_y[k : k + 1] - eps_e) - self.w2 * eps_e
                x_k = x_k + sigma * torch.where(common, 0, update)
            z, seen = cover(space, x_k, at, z, seen)
            moved, blends, commons = [*moved, x_k], [*blends, blend], [*commons, common]
        return torch.cat(moved), torch.cat(blends), torch.cat(commons)


def cover(
    space: Space, x: Tensor, views: Views, z: Tensor | None = None, seen: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """z (c, H, W) with the views x where `seen` (1, H, W) is 0, and what is seen now."""
    z = x.new_zeros(space.shape) if z is None else z
    seen = x.new_zeros(1, *space.shape[1:]) if seen is None else seen
    for k, view in enumerate(views):
        z = torch.where(seen > 0, z, gather(space, x[k : k + 1], (view,), old=z))
        seen = torch.maximum(seen, (space.scatter(x[k : k + 1], (view,))[1] > 0).to(seen))
    return z, seen
