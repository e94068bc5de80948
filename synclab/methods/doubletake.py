"""DoubleTake: neighbouring segments shake hands at every step, then passages are denoised again.

Shafir et al., "Human Motion Diffusion as a Generative Prior", 2023 (arXiv 2303.01418), section 4.1,
as its released code does it. First take: after every DDPM step what two neighbours share becomes
(1 - a) suffix + a prefix in both, with a rising from 0 to 1 along it. Second take: views with a
handshake in their middle are noised and denoised without a text, under a soft mask that keeps all
but the cells on both sides of the handshake.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import torch
from annotated_types import Ge, Interval
from torch import Tensor

from synclab.core.protocols import (
    Condition,
    Count,
    Denoiser,
    Estimates,
    NoisyMethod,
    Rng,
    Space,
    Time,
)
from synclab.core.schedule import Spacing
from synclab.core.sync import gather, pin, pin_noisy, project, stack_shape


@dataclass(frozen=True)
class DoubleTake(NoisyMethod):
    """`steps` of both takes together, of which the second has the part `second_take`.

    It begins at time `t_second`, and its mask rises to `kept` along `blend` cells on both sides.
    """

    steps: Count = 100
    guidance: float = 2.5
    spacing: Spacing = "even"
    second_take: Annotated[float, Interval(ge=0, lt=1)] = 0.47
    t_second: Time = 899
    blend: Annotated[int, Ge(0)] = 20
    kept: Annotated[float, Interval(ge=0, le=1)] = 0.85

    @property
    def keeps_known(self) -> bool:
        return True

    @property
    def needs_overlaps(self) -> bool:
        return True

    def __call__(self, prior: Denoiser, space: Space, condition: Condition, rng: Rng) -> Estimates:
        second = int(self.second_take * self.steps)
        z = torch.zeros(space.shape)
        for z in self.handshakes(prior, space, condition, rng, self.steps - second):
            yield z
        yield from self.again(prior, space, condition, rng, z, second)

    def handshakes(
        self, prior: Denoiser, space: Space, condition: Condition, rng: Rng, steps: int
    ) -> Iterator[Tensor]:
        """The first take."""
        schedule, views = prior.schedule, space.all_views()
        cond, shape = condition.at(views), stack_shape(views, prior)
        ramp = space.inwardness(views).clamp_min(1e-3)  # so that the ends of a canvas count
        x, eps = rng.normal("start", shape), rng.normal("known", space.shape)
        for t, s in schedule.steps(steps, spacing=self.spacing):
            x0 = schedule.x0(x, prior.predict(x, t, cond, self.guidance), t)
            x = schedule.ddpm(x, x0, rng.normal("step", shape), t, s)
            z = pin_noisy(space, gather(space, x, views, window=ramp.to(x)), schedule, eps, s)
            x = project(space, z, views)
            yield z

    def again(
        self,
        prior: Denoiser,
        space: Space,
        condition: Condition,
        rng: Rng,
        z: Tensor,
        steps: int,
    ) -> Iterator[Tensor]:
        """The second take; none without overlaps."""
        schedule, (width, views) = prior.schedule, space.around_overlaps()
        if not views or not steps:
            yield from [z] * steps
            return
        cond, shape = condition.at(views), stack_shape(views, prior)
        known = project(space, z, views)
        mask = self.mask(shape[-1], width).to(known)
        x = schedule.noise(known, rng.normal("second start", shape), self.t_second)
        for t, s in schedule.steps(steps, start=self.t_second):
            x0 = schedule.x0(x, prior.predict(x, t, cond, guidance=0), t)
            x0 = torch.lerp(x0, known, mask)
            x = schedule.ddpm(x, x0, rng.normal("second step", shape), t, s)
            yield pin(space, gather(space, x0, views, old=z))

    def mask(self, size: int, width: int) -> Tensor:
        """Part (size,) that is kept of each cell, for a handshake of some width in the middle."""
        cell = torch.arange(size)
        first = (size - width) // 2
        away = torch.maximum(first - cell, cell - (first + width) + 1)  # 1 next to the handshake
        rising = self.kept * (away - 1) / max(1, self.blend)
        return torch.where((away >= 1) & (away <= self.blend), rising, 1.0)
