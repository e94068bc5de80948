"""Sequential outpainting: every view continues what the views before it have painted.

In the manner of TEXTure (Richardson et al., "TEXTure: Text-Guided Texturing of 3D Shapes", 2023,
arXiv 2302.01721), the usual baseline of synchronisation. The painted part of a view is kept by
Blended Diffusion (Avrahami et al. 2022, arXiv 2111.14818): after every step it is replaced by
its own noised version. TEXTure's depth-guided inpainting network and its trimap are left out.
"""

from dataclasses import dataclass
from math import ceil

import torch
import torch.nn.functional as F
from torch import Tensor

from synclab.core.protocols import (
    Cond,
    Condition,
    Count,
    Denoiser,
    Estimates,
    Method,
    Rng,
    Space,
    TimeSteps,
    Views,
)
from synclab.core.schedule import Spacing
from synclab.core.sync import gather, pin, project, stack_shape


@dataclass(frozen=True)
class Outpainting(Method):
    """Paints the views of the space in `steps` groups, in their order.

    With as many groups as views, one view follows the other. Each takes `view_steps` network calls.
    """

    steps: Count = 20
    view_steps: TimeSteps = 30
    guidance: float = 7.5
    spacing: Spacing = "even"

    @property
    def sequential(self) -> bool:
        return True

    @property
    def keeps_known(self) -> bool:
        return True

    def __call__(self, prior: Denoiser, space: Space, condition: Condition, rng: Rng) -> Estimates:
        views, (z, seen) = space.all_views(), given(space)
        for k in range(self.steps):
            if group := self.group(views, k):
                x = self.paint(prior, space, condition.at(group), rng, group, z, seen)
                z = pin(space, gather(space, x, group, old=z))
                seen = painted(space, z, group, seen)
            yield z

    def group(self, views: Views, k: int) -> Views:
        """The views of round k; the first round has at least one."""
        first, last = (ceil(i * len(views) / self.steps) for i in (k, k + 1))
        return views[first:last]

    def paint(
        self,
        prior: Denoiser,
        space: Space,
        cond: Cond,
        rng: Rng,
        views: Views,
        z: Tensor | None,
        seen: Tensor | None,
    ) -> Tensor:
        """Clean instance state (n c h w) of views that continues z where it has been seen."""
        schedule, shape = prior.schedule, stack_shape(views, prior)
        x, eps = rng.normal("start", shape), rng.normal("known", shape)
        known, kept = x, x.new_zeros(shape, dtype=torch.bool)
        if z is not None and seen is not None:
            known, kept = project(space, z, views), within(space, seen, views, prior)
        for t, s in schedule.steps(self.view_steps, spacing=self.spacing):
            x0 = schedule.x0(x, prior.predict(x, t, cond, self.guidance), t)
            x = schedule.ddim(x, x0, t, s)
            x = torch.where(kept, schedule.noise(known, eps, s), x)
        return x


def given(space: Space) -> tuple[Tensor, Tensor] | tuple[None, None]:
    """The known region as a first state (c, H, W) and where it is (1, H, W), if there is one."""
    if space.known is None:
        return None, None
    return pin(space, torch.zeros_like(space.known.state)), space.known.weight


def painted(space: Space, z: Tensor, views: Views, before: Tensor | None) -> Tensor:
    """1 in the cells (1, H, W) that the views see; elsewhere `before`, or 0."""
    seen = (space.scatter(space.project(z, views), views)[1] > 0).to(z)
    return seen if before is None else torch.maximum(seen, before.to(z))


def within(space: Space, seen: Tensor, views: Views, prior: Denoiser) -> Tensor:
    """Latent pixels (n 1 h w) that see only cells marked in `seen` (1, H, W).

    Compared with projections of nothing and of everything: projection is affine, not linear, where
    a view has a background or inverts colours.
    """
    nothing, everything = (space.project(seen * 0 + value, views) for value in (0, 1))
    share = (space.project(seen, views) - nothing).abs(), (everything - nothing).abs()
    marked = (share[0] > 0.99 * share[1]) & (share[1] > 0)
    return F.adaptive_avg_pool2d(marked.to(seen), prior.shape[-2:]) > 0.99
