"""SDS: fresh noise at random times.

Poole et al., "DreamFusion: Text-to-3D using 2D Diffusion", 2023 (arXiv 2209.14988), eq. 3; Alg. 3
of StochSync's paper.
"""

from dataclasses import dataclass

from torch import Tensor

from synclab.core.protocols import Cond, Denoiser, Rng, Time
from synclab.methods.distillation import Distillation


@dataclass(frozen=True)
class SDS(Distillation):
    """t ~ U{t_min..t_max}."""

    t_min: Time = 100
    t_max: Time = 980

    def time(self, k: int, rng: Rng) -> int:
        return rng.integer("t", self.t_min, self.t_max)

    def residual(self, prior: Denoiser, x0: Tensor, t: int, cond: Cond, rng: Rng) -> Tensor:
        eps = rng.normal("noise", tuple(x0.shape))
        x = prior.schedule.noise(x0, eps, t)
        return self.w(prior, t) * (prior.predict(x, t, cond, self.guidance) - eps)
