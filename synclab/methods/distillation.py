"""The loop that SDS, SDI and ISM share; they differ in the source of the noise and in its weight.

Adam on the canonical state, random views, a residual in place of the network's gradient (Poole et
al. 2023, eq. 3). The network's Jacobian is dropped, the encoder's is kept where the canonical state
is RGB.
"""

import math
from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from annotated_types import Ge, Gt
from torch import Tensor

from synclab.core.protocols import Cond, Condition, Count, Denoiser, Estimates, Method, Rng, Space
from synclab.core.sync import pin, project

WEIGHTS = {
    "sigma^2": lambda a: 1 - a,  # DreamFusion
    "sigma^4": lambda a: (1 - a) ** 2,  # released code of StochSync
    "alpha sigma": lambda a: (a * (1 - a)) ** 0.5,  # StochSync's ISM
    "sigma / alpha": lambda a: ((1 - a) / a) ** 0.5,  # LucidDreamer's ISM
}
"""w(t) before the difference of two noises, as functions of alpha-bar."""

Weight = Literal["sigma^2", "sigma^4", "alpha sigma", "sigma / alpha"]


@dataclass(frozen=True)
class Distillation(Method):
    """`steps` of Adam with peak rate `lr`, `views` random views each.

    After `warmup` steps the rate is constant or follows half a cosine, as in StochSync's panoramas.
    """

    steps: Count = 10_000
    guidance: float = 30.0
    views: Count = 10
    weight: Weight = "sigma^2"
    lr: Annotated[float, Gt(0)] = 0.1
    lr_decay: Literal["cosine", "none"] = "cosine"
    warmup: Annotated[int, Ge(0)] = 100

    @property
    def keeps_known(self) -> bool:
        return True

    def time(self, k: int, rng: Rng) -> int:
        """The time of step k."""
        raise NotImplementedError

    def residual(self, prior: Denoiser, x0: Tensor, t: int, cond: Cond, rng: Rng) -> Tensor:
        """The gradient with respect to the views x0 (n c h w) of the canonical state."""
        raise NotImplementedError

    def __call__(self, prior: Denoiser, space: Space, condition: Condition, rng: Rng) -> Estimates:
        z = self.start(space, rng).requires_grad_()
        adam = torch.optim.Adam([z])
        for k in range(self.steps):
            views, t = space.random_views(self.views, rng), self.time(k, rng)
            with torch.enable_grad():
                x0 = project(space, pin(space, z), views)
            residual = self.residual(prior, x0.detach(), t, condition.at(views), rng)
            (z.grad,) = torch.autograd.grad(x0, z, residual / len(views))
            adam.param_groups[0]["lr"] = self.rate(k)
            adam.step()
            yield pin(space, z.detach().clone())

    def start(self, space: Space, rng: Rng) -> Tensor:
        """The initial state of the task if there is one, else noise."""
        noise = rng.normal("start", space.shape)
        return noise if space.initial is None else space.initial.to(noise)

    def w(self, prior: Denoiser, t: int) -> float:
        """The weight at time t."""
        return WEIGHTS[self.weight](prior.schedule.a(t))

    def rate(self, k: int) -> float:
        """Learning rate of step k; the cosine is 1.5 runs long, so the run ends at a quarter."""
        cosine = 0.5 + 0.5 * math.cos(math.pi * k / (1.5 * self.steps))
        decay = cosine if self.lr_decay == "cosine" else 1.0
        return self.lr * min(1.0, (k + 1) / max(1, self.warmup)) * decay
