"""SDI: the noise is found by inverting the current view, not drawn.

Lukoianov et al., "Score Distillation via Reparametrized DDIM", 2024 (arXiv 2405.15891); settings of
StochSync's experiments: the view is inverted to a slightly later time with negative guidance, some
noise is added to what was found, and t falls linearly.
"""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Interval
from torch import Tensor

from synclab.core.protocols import Cond, Count, Denoiser, Rng, Time
from synclab.core.solvers import ddim_inversion
from synclab.methods.distillation import Distillation


@dataclass(frozen=True)
class SDI(Distillation):
    """Inversion on a grid of `knots` points to t + U{0..jitter}; `extra` noise on top."""

    steps: Count = 500
    guidance: float = 7.5
    lr: float = 0.01
    t_min: Time = 20
    t_max: Time = 980
    inversion_guidance: float = -7.5
    knots: Annotated[int, Interval(ge=2, le=1000)] = 10
    jitter: Annotated[int, Interval(ge=0, le=1000)] = 33
    extra: float = 0.3

    @property
    def prediction(self) -> str:
        """Inversion with negative guidance is known to work only on networks that predict noise."""
        return "epsilon"

    def time(self, k: int, rng: Rng) -> int:
        """Linear from t_max down to t_min."""
        return round(self.t_max + (self.t_min - self.t_max) * k / max(1, self.steps - 1))

    def residual(self, prior: Denoiser, x0: Tensor, t: int, cond: Cond, rng: Rng) -> Tensor:
        eps = self.invert(prior, x0, t, cond, rng)
        x = prior.schedule.noise(x0, eps, t)
        return self.w(prior, t) * (prior.predict(x, t, cond, self.guidance) - eps)

    def invert(self, prior: Denoiser, x0: Tensor, t: int, cond: Cond, rng: Rng) -> Tensor:
        """The noise that DDIM inversion of x0 gives, plus `extra` fresh noise."""
        schedule = prior.schedule
        t = min(t + rng.integer("jitter", 0, self.jitter), schedule.last)
        x = ddim_inversion(prior, x0, t, cond, self.inversion_guidance, self.knots)
        fresh = rng.normal("noise", tuple(x0.shape))
        return schedule.eps(x, x0, t) + self.extra * (1 - schedule.a(t)) ** 0.5 * fresh
