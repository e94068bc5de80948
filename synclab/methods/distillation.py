"""The loop that SDS, SDI and ISM share; they differ by where the noise comes from and its weight.

Adam on the canonical state, random views, a residual in place of the network's gradient (Poole et
al. 2023, eq. 3). The network's Jacobian is dropped, the encoder's is kept where the canonical state
is RGB. The learning rate warms up and then follows half a cosine, as in StochSync's experiments.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import torch
from annotated_types import Gt
from torch import Tensor

from synclab.sync import project
from synclab.types import Cond, Count, Prior, Rng, Space


@dataclass(frozen=True)
class Distillation:
    """`steps` of Adam with peak rate `lr`, `views` random views each."""

    steps: Count = 10_000
    guidance: float = 30.0
    views: Count = 10
    lr: Annotated[float, Gt(0)] = 0.1
    warmup: Count = 100

    def time(self, k: int, rng: Rng) -> int:
        """The time of step k."""
        raise NotImplementedError

    def residual(self, prior: Prior, x0: Tensor, t: int, cond: Cond, rng: Rng) -> Tensor:
        """The gradient with respect to the views x0 (n c h w) of the canonical state."""
        raise NotImplementedError

    def __call__(self, prior: Prior, space: Space, cond: Cond, rng: Rng) -> Iterator[Tensor | None]:
        z = rng.normal("start", space.shape).requires_grad_()
        adam = torch.optim.Adam([z])
        for k in range(self.steps):
            views, t = space.random_views(self.views, rng), self.time(k, rng)
            with torch.enable_grad():
                x0 = project(space, z, views)
            residual = self.residual(prior, x0.detach(), t, cond.at(views), rng)
            (z.grad,) = torch.autograd.grad(x0, z, residual / len(views))
            adam.param_groups[0]["lr"] = self.rate(k)
            adam.step()
            yield z.detach().clone()

    def rate(self, k: int) -> float:
        """Learning rate of step k; the cosine is 1.5 runs long, so the run ends at a quarter."""
        cosine = 0.5 + 0.5 * math.cos(math.pi * k / (1.5 * self.steps))
        return self.lr * min(1.0, (k + 1) / self.warmup) * cosine
