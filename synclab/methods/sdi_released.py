"""SDI as StochSync's released code runs it: time 999 drops the signal.

Yeo et al. 2025, repository of KAIST-Visual-AI-Group. Where x holds no signal the residual is the
distance to the x0 that the network predicts, not the difference of two noises.
"""

from dataclasses import dataclass

from torch import Tensor

from synclab.core.protocols import Cond, Denoiser, Rng
from synclab.methods.sdi import SDI


@dataclass(frozen=True)
class ReleasedSDI(SDI):
    """Times are cut to integers and stop one step short of `t_min`."""

    def time(self, k: int, rng: Rng) -> int:
        return int(self.t_max + (self.t_min - self.t_max) * k / self.steps)

    def residual(self, prior: Denoiser, x0: Tensor, t: int, cond: Cond, rng: Rng) -> Tensor:
        schedule, eps = prior.schedule, self.invert(prior, x0, t, cond, rng)
        x = eps if t == schedule.last else schedule.noise(x0, eps, t)
        target = schedule.x0(x, prior.predict(x, t, cond, self.guidance), t)
        a = schedule.a(t)
        return self.w(prior, t) * (a / (1 - a)) ** 0.5 * (x0 - target)
