"""StochSync as in its released code, where it differs from the paper.

Yeo et al. 2025, repository of KAIST-Visual-AI-Group; the same loop also runs its ablations, its
SyncTweedies and its inpainting. The first `warmup` rounds start from pure noise; the schedule stops
one step short of t_min; the last rounds, which remove seams, start from twice their time and use a
finer DDIM grid; G ends at time 0; time 999 drops the signal.
"""

from dataclasses import dataclass
from functools import partial
from typing import Annotated

from annotated_types import Ge
from torch import Tensor

from synclab.core.protocols import Rng
from synclab.core.schedule import Schedule
from synclab.core.solvers import Solver, ddim_x0
from synclab.methods.stochsync_ablation import AblatedStochSync


@dataclass(frozen=True)
class ReleasedStochSync(AblatedStochSync):
    """The first `warmup` rounds start from pure noise, until the whole canvas has been seen."""

    warmup: Annotated[int, Ge(0)] = 2

    def time(self, k: int) -> int:
        t = int(self.t_max + (self.t_min - self.t_max) * k / self.steps)
        return 999 if k < self.warmup else min(2 * t, 999) if self.seams(k) else t

    def renoise(self, schedule: Schedule, x0: Tensor, eps: Tensor, t: int) -> Tensor:
        return eps if t == schedule.last else schedule.noise(x0, eps, t)

    def solve(self, k: int, rng: Rng) -> Solver:
        if not self.multi_step or (self.solver == "dpm" and not self.seams(k)):
            return super().solve(k, rng)
        return partial(
            ddim_x0, n=max(50, self.ode_steps) if self.solver == "dpm" else self.ode_steps, end=0
        )

    def held(self, i: int, n: int) -> float:
        return 1 - i / (n + 1)
