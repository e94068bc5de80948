"""StochSync: diffusion synchronisation with maximum stochasticity.

Yeo, Kim and Sung, "StochSync: Stochastic Diffusion Synchronization for Image Generation in
Arbitrary Spaces", 2025 (arXiv 2501.15445), Alg. 4. The last `seam_steps` keep the borders of the
views at what the last round left there (App. B): RePaint's blend, the free region growing from the
centre. Beside an object a view keeps what it last drew there, as in the released code: with a plain
background every round would draw its grey into the object.
"""

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal

import torch
from annotated_types import Ge
from torch import Tensor

from synclab.core.protocols import (
    Condition,
    Denoiser,
    Estimates,
    Method,
    Rng,
    Space,
    Time,
    TimeSteps,
    Views,
)
from synclab.core.schedule import Schedule
from synclab.core.solvers import SOLVERS, Blend, Solver, consistency_x0
from synclab.core.sync import gather, pin, project, stack_shape


@dataclass(frozen=True)
class StochSync(Method):
    """`steps` rounds with t from `t_max` down to `t_min`; G uses a grid of `ode_steps` times.

    With `solver` "consistency", for distilled models, G makes `ode_steps` calls from every t.
    """

    steps: TimeSteps = 25
    t_max: Time = 900
    t_min: Time = 270
    ode_steps: TimeSteps = 25
    solver: Literal["ddim", "dpm", "consistency"] = "dpm"
    seam_steps: Annotated[int, Ge(0)] = 2
    guidance: float = 7.5

    @property
    def keeps_known(self) -> bool:
        return True

    @property
    def needs_distilled(self) -> bool:
        return self.solver == "consistency"

    def __call__(self, prior: Denoiser, space: Space, condition: Condition, rng: Rng) -> Estimates:
        schedule, z = prior.schedule, space.initial
        last: dict[Views, Tensor] = {}
        for k in range(self.steps):
            views = space.disjoint_views(k, rng)
            eps = rng.normal("noise", stack_shape(views, prior))
            if z is None:
                x, t, blend = eps, schedule.last, None
            else:
                x0, t = project(space, z, views), self.time(k)
                x0 = space.overlay(last.get(views, x0), x0, views)
                x = self.renoise(schedule, x0, eps, t)
                blend = self.blend(k, schedule, x0, space.inwardness(views), rng)
            x0 = self.solve(k, rng)(prior, x, t, condition.at(views), self.guidance, blend=blend)
            z, last[views] = pin(space, gather(space, x0, views, old=z)), x0
            yield z

    def time(self, k: int) -> int:
        """Linear from t_max to t_min over the rounds."""
        return round(self.t_max + (self.t_min - self.t_max) * k / (self.steps - 1))

    def renoise(self, schedule: Schedule, x0: Tensor, eps: Tensor, t: int) -> Tensor:
        """x_t with entirely fresh noise: sigma_t = sqrt(1 - abar_t) in DDIM (eq. 6)."""
        return schedule.noise(x0, eps, t)

    def solve(self, k: int, rng: Rng) -> Solver:
        """G, the multi-step estimate of x0."""
        if self.solver == "consistency":
            return partial(consistency_x0, n=self.ode_steps, rng=rng)
        return partial(SOLVERS[self.solver], n=self.ode_steps)

    def blend(
        self, k: int, schedule: Schedule, x0: Tensor, inwardness: Tensor, rng: Rng
    ) -> Blend | None:
        """The blend that holds the borders during the seam steps; None before them."""
        if not self.seams(k):
            return None
        eps = rng.normal("seam", tuple(x0.shape))

        def keep_borders(x: Tensor, t: int, i: int, n: int) -> Tensor:
            """x where the view is free, the old x0 noised to t elsewhere (RePaint, Alg. 1)."""
            free = inwardness.to(x0) >= self.held(i, n)
            return torch.where(free, x, schedule.noise(x0, eps, t))

        return keep_borders

    def seams(self, k: int) -> bool:
        """Whether round k is one of the last, which remove seams."""
        return k >= self.steps - self.seam_steps

    def held(self, i: int, n: int) -> float:
        """Inwardness below which step i of n keeps the old x0; shrinks towards the border."""
        return 1 - i / n
