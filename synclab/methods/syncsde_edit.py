"""SyncSDE's edit of a picture: three trajectories, of the source, the object and the result.

Lee et al., "SyncSDE: A Probabilistic Framework for Diffusion Synchronization", 2025 (arXiv
2503.21555), eq. 8 to 12. y1 is the inverted source; y2 follows the target's prompt and is pulled to
y1 in the background; y3, the result, is pulled to y1 in the background and to y2 on the object.
"""

from dataclasses import dataclass

import torch

from synclab.core.protocols import Condition, Denoiser, Estimates, Rng, Space
from synclab.methods.syncsde import SyncSDE


@dataclass(frozen=True)
class SyncSDEEdit(SyncSDE):
    """The keys are SyncSDE's."""

    @property
    def needs_source(self) -> bool:
        return True

    def __call__(self, prior: Denoiser, space: Space, condition: Condition, rng: Rng) -> Estimates:
        schedule, views, source = prior.schedule, space.all_views(), space.known
        assert source is not None and len(views) == 1, "an edit has a source and one view"
        cond, background = condition.at(views * 2), source.weight
        pairs = schedule.steps(self.steps, spacing=self.spacing)
        fresh = rng.normal("start", space.shape)
        x = torch.stack([fresh, source.noised(schedule, fresh, pairs[0][0]).state.to(fresh)])
        for t, s in pairs:
            x0 = schedule.x0(x, prior.predict(x, t, cond, self.guidance), t)
            y1, (y2, y3) = source.noised(schedule, fresh, t).state.to(x), x
            composite = torch.lerp(y2, y1, background.to(x))  # eq. 11
            pull = torch.stack([background.to(x) * (y2 - y1), y3 - composite])
            x = schedule.ddim(x, x0, t, s) - self.strength(schedule, t, s, pairs[0][0]) * pull
            yield x[1] if s <= 0 else x0[1]
