"""ISM: the difference between guided noise at t and unguided noise a little earlier.

Liang et al., "LucidDreamer: Towards High-Fidelity Text-to-3D Generation via Interval Score
Matching", 2024 (arXiv 2311.11284), eq. 17; interval and weight of StochSync's experiments.
"""

from dataclasses import dataclass

from torch import Tensor

from synclab.core.protocols import Cond, Count, Denoiser, Rng, Time, TimeSteps
from synclab.core.solvers import ddim_inversion
from synclab.methods.distillation import Distillation, Weight


@dataclass(frozen=True)
class ISM(Distillation):
    """s = t - `interval`, reached by unguided inversion on about s / `interval` grid points."""

    steps: Count = 2000
    guidance: float = 7.5
    weight: Weight = "alpha sigma"
    lr: float = 0.03
    t_min: Time = 100
    t_max: Time = 980
    interval: TimeSteps = 50

    def time(self, k: int, rng: Rng) -> int:
        return rng.integer("t", self.t_min, self.t_max)

    def residual(self, prior: Denoiser, x0: Tensor, t: int, cond: Cond, rng: Rng) -> Tensor:
        schedule, s = prior.schedule, max(0, t - self.interval)
        x_s = ddim_inversion(prior, x0, s, cond, 0.0, max(2, s // self.interval))
        eps_s = prior.predict(x_s, s, cond, 0.0)
        x_t = schedule.noise(schedule.x0(x_s, eps_s, s), eps_s, t)
        return self.w(prior, t) * (prior.predict(x_t, t, cond, self.guidance) - eps_s)
