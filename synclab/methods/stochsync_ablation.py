"""StochSync's three components, each of which can be switched off (Yeo et al. 2025, Table 2).

Without maximum stochasticity, a view keeps its noise, re-derived from its state and the
synchronised x0 (DDIM, sigma = 0). Without multi-step estimates, x0 is Tweedie's. Without disjoint
views, every round uses all overlapping views. With all three off it is SyncTweedies.
"""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from synclab.core.protocols import Condition, Denoiser, Estimates, Rng, Space, Views
from synclab.core.solvers import Solver, tweedie_x0
from synclab.core.sync import gather, pin, project, stack_shape
from synclab.errors import UserError
from synclab.methods.stochsync import StochSync


@dataclass(frozen=True)
class AblatedStochSync(StochSync):
    """Table 2's columns Max sigma_t, Impr. x0|t and N.O. Views, all on by default.

    `stochasticity` "time" lies between "maximum" and "none": the share of fresh noise is t/1000
    (the released code's generalised DDIM).
    """

    stochasticity: Literal["maximum", "time", "none"] = "maximum"
    multi_step: bool = True
    disjoint: bool = True

    def __post_init__(self) -> None:
        if self.disjoint and self.stochasticity != "maximum":
            raise UserError(
                f"method.stochasticity={self.stochasticity}: disjoint views change every step and"
                " cannot keep their noise; expected maximum, or use method.disjoint=false"
            )

    def __call__(self, prior: Denoiser, space: Space, condition: Condition, rng: Rng) -> Estimates:
        schedule, z, x, t = prior.schedule, space.initial, None, prior.schedule.last
        last: dict[Views, Tensor] = {}
        for k in range(self.steps):
            views = self.views(space, k, rng)
            eps, blend = rng.normal("noise", stack_shape(views, prior)), None
            if z is None:
                x = eps
            else:
                x0, s, t = project(space, z, views), t, self.time(k)
                x0 = space.overlay(last.get(views, x0), x0, views)
                if x is not None and self.stochasticity != "maximum":
                    eps = self.mix(schedule.eps(x, x0, s), eps, t)
                x = self.renoise(schedule, x0, eps, t)
                blend = self.blend(k, schedule, x0, space.inwardness(views), rng)
            x0 = self.solve(k, rng)(prior, x, t, condition.at(views), self.guidance, blend=blend)
            z, last[views] = pin(space, gather(space, x0, views, old=z)), x0
            yield z

    def views(self, space: Space, k: int, rng: Rng) -> Views:
        return space.disjoint_views(k, rng) if self.disjoint else space.all_views()

    def mix(self, kept: Tensor, fresh: Tensor, t: int) -> Tensor:
        """Unit-variance noise with a share rho of fresh noise: DDIM with intermediate sigma."""
        rho = t / 1000 if self.stochasticity == "time" else 0.0
        return (1 - rho) ** 0.5 * kept + rho**0.5 * fresh

    def solve(self, k: int, rng: Rng) -> Solver:
        return super().solve(k, rng) if self.multi_step else tweedie_x0

    def seams(self, k: int) -> bool:
        """Borders can only be kept along a multi-step estimate."""
        return self.multi_step and super().seams(k)
