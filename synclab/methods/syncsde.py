"""SyncSDE: every view is pulled towards the composite of the views before it.

Lee et al., "SyncSDE: A Probabilistic Framework for Diffusion Synchronization", 2025 (arXiv
2503.21555), eq. 7, 8 and 14. Views are ordered; the first is free, view i is conditioned on the
composite of the earlier ones, later on top. All views take each step together: with a deterministic
sampler this equals running them in order, since no view affects earlier ones. A known region is the
trajectory before all views, as the source picture is in the paper's edits (eq. 10).
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from annotated_types import Gt
from torch import Tensor

from synclab.core.known import Known
from synclab.core.protocols import (
    Condition,
    Denoiser,
    Estimates,
    NoisyMethod,
    Rng,
    Space,
    TimeSteps,
    Views,
)
from synclab.core.schedule import Schedule, Spacing
from synclab.core.sync import gather, project, stack_shape


@dataclass(frozen=True)
class SyncSDE(NoisyMethod):
    """`inverse_lambda` is 1/lambda at the first time of the run; it falls linearly with t.

    A strength above 1 overshoots the target, above 2 ever farther; cosine schedules begin with such
    strengths. `max_strength` limits it.
    """

    steps: TimeSteps = 50
    guidance: float = 7.5
    spacing: Spacing = "even"
    inverse_lambda: float = 5.0
    max_strength: Annotated[float, Gt(0)] | None = None

    @property
    def keeps_known(self) -> bool:
        return True

    def __call__(self, prior: Denoiser, space: Space, condition: Condition, rng: Rng) -> Estimates:
        schedule, views = prior.schedule, space.all_views()
        cond = condition.at(views)
        x = rng.normal("start", stack_shape(views, prior))
        eps = rng.normal("known", space.shape)
        steps = schedule.steps(self.steps, spacing=self.spacing)
        for t, s in steps:
            x0 = schedule.x0(x, prior.predict(x, t, cond, self.guidance), t)
            known = None if space.known is None else space.known.noised(schedule, eps, t)
            target, mask, z = composites(space, x, views, known)
            pull = self.strength(schedule, t, s, first=steps[0][0]) * (mask * (x - target))
            x = schedule.ddim(x, x0, t, s) - pull
            yield z if s > 0 else composites(space, x, views, space.known)[2]

    def strength(self, schedule: Schedule, t: int, s: int, first: int) -> float:
        """gamma_t / lambda_t (eq. 8); x' = alpha'/alpha x + sigma^2 gamma score is DDIM's step.

        `first` is the time that the run begins with, where 1/lambda is largest: 981 for 50 leading
        steps of a thousand, as in the released code.
        """
        gamma = schedule.alpha(s) / schedule.alpha(t) - schedule.sigma(s) / schedule.sigma(t)
        strength = gamma * self.inverse_lambda * t / first
        return strength if self.max_strength is None else min(strength, self.max_strength)


def composites(
    space: Space, x: Tensor, views: Views, known: Known | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Targets and masks (n c h w) from what is before each view; the composite of all.

    `known` is the trajectory before all views, at their time; it stays on top.
    """
    z, seen = x.new_zeros(space.shape), x.new_zeros(1, *space.shape[1:])
    if known is not None:
        z, seen = torch.where(known.weight > 0, known.state, 0).to(x), known.weight.to(x)
    targets, masks = [], []
    for i, view in enumerate(views):
        targets.append(project(space, z, (view,)))
        masks.append(space.project(seen, (view,)).abs() > 0.5)  # a view may flip the sign
        z = gather(space, x[i : i + 1], (view,), old=z)
        z = z if known is None else known.put_into(z)
        seen = torch.maximum(seen, (space.scatter(x[i : i + 1], (view,))[1] > 0).to(x))
    return torch.cat(targets), torch.cat(masks), z
