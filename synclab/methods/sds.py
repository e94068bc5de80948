"""Score distillation: gradient steps on the canonical state, random views, random times.

Poole et al., "DreamFusion: Text-to-3D using 2D Diffusion", 2023 (arXiv 2209.14988), eq. 3; Alg. 3
of StochSync's paper. The network's Jacobian is dropped, the encoder's is kept where the canonical
state is RGB. The learning rate warms up and then follows half a cosine, as in StochSync's
experiments.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import torch
from annotated_types import Gt
from torch import Tensor

from synclab.sync import project
from synclab.types import Cond, Count, Prior, Rng, Space, Time, stack_shape


@dataclass(frozen=True)
class SDS:
    """`steps` of Adam with peak rate `lr`, `views` random views each, t ~ U{t_min..t_max}."""

    steps: Count = 10_000
    guidance: float = 30.0
    views: Count = 10
    t_min: Time = 100
    t_max: Time = 980
    lr: Annotated[float, Gt(0)] = 0.1
    warmup: Count = 100

    def __call__(self, prior: Prior, space: Space, cond: Cond, rng: Rng) -> Iterator[Tensor | None]:
        schedule = prior.schedule
        z = rng.normal("start", space.shape).requires_grad_()
        adam = torch.optim.Adam([z])
        for k in range(self.steps):
            views, t = space.random_views(self.views, rng), rng.integer("t", self.t_min, self.t_max)
            with torch.enable_grad():
                x0 = project(space, z, views)
            eps = rng.normal("noise", stack_shape(views, prior))
            x = schedule.noise(x0.detach(), eps, t)
            w = 1 - schedule.a(t)
            residual = w * (prior.predict(x, t, cond.at(views), self.guidance) - eps)
            (z.grad,) = torch.autograd.grad(x0, z, residual / len(views))
            adam.param_groups[0]["lr"] = self.rate(k)
            adam.step()
            yield z.detach().clone()

    def rate(self, k: int) -> float:
        """Learning rate of step k; the cosine is 1.5 runs long, so the run ends at a quarter."""
        cosine = 0.5 + 0.5 * math.cos(math.pi * k / (1.5 * self.steps))
        return self.lr * min(1.0, (k + 1) / self.warmup) * cosine
