"""SyncTweedies: averages the views' clean estimates; and 59 other synchronization strategies.

Kim et al., "SyncTweedies: A General Generative Framework Based on Synchronized Diffusions", 2024
(arXiv 2403.14370). Strategy 2 is the paper's method: views average their x0. Of the others, 0 is
independent views, 1 averages the noise, 3 the next state (MultiDiffusion), 4 the noise around a
canonical state (Visual Anagrams), 5 x0 around it (SyncMVD). The noise is re-derived from the
synchronised x0, as the authors' code does, not taken from the network.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Interval
from torch import Tensor

from synclab.core.protocols import (
    Canonical,
    Condition,
    Denoiser,
    Estimates,
    Method,
    Rng,
    Space,
    Time,
    TimeSteps,
)
from synclab.core.schedule import Spacing
from synclab.core.sync import pin, stack_shape
from synclab.methods.strategies import CASES, INSTANCE, READ_FROM_VIEWS, Algebra, Case, advance


@dataclass(frozen=True)
class SyncTweedies(Method):
    """`strategy` is the authors' code or a case's name, applied while t > `t_sync`.

    Views `start` from independent noise, or from crops of one shared noise.
    """

    steps: TimeSteps = 30
    guidance: float = 7.5
    spacing: Spacing = "even"
    strategy: Annotated[int, Interval(ge=0, le=59)] | Case = 2
    t_sync: Time = 50
    start: Literal["independent", "shared"] = "independent"

    @property
    def canonical(self) -> Canonical | None:
        """RGB is possible only for strategies that synchronise nothing but clean estimates."""
        return "latent" if self.noisy or self.start == "shared" else None

    @property
    def noisy(self) -> bool:
        """All strategies but independent views (0) and averages of x0 (2)."""
        return self.number not in (0, 2)

    @property
    def keeps_known(self) -> bool:
        """Strategies that synchronise nothing but clean estimates do."""
        return self.number in (0, 2)

    def __call__(self, prior: Denoiser, space: Space, condition: Condition, rng: Rng) -> Estimates:
        views = space.all_views()
        cond = condition.at(views)
        x, z = self.noise(prior, space, rng)
        for t, s in prior.schedule.steps(self.steps, spacing=self.spacing):
            o = Algebra(prior, space, views, cond, self.guidance, t, s, x, z)
            x, z = advance(self.code(t), o)
            yield None if s > 0 else pin(space, o.g(x) if self.number in READ_FROM_VIEWS else z)

    def code(self, t: int) -> int:
        """The strategy at time t: independent views from `t_sync` down."""
        return 0 if t <= self.t_sync and self.number in INSTANCE else self.number

    @property
    def number(self) -> int:
        """The authors' code."""
        return CASES[self.strategy] if isinstance(self.strategy, str) else self.strategy

    def noise(self, prior: Denoiser, space: Space, rng: Rng) -> tuple[Tensor, Tensor]:
        """States of the views and of the canonical space at the start."""
        z, views = rng.normal("canonical start", space.shape), space.all_views()
        if self.start == "shared":
            return space.project_noise(z, views), z
        return rng.normal("start", stack_shape(views, prior)), z
