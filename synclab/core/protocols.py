"""The protocols: what a prior, a space, a method and a task owe each other.

Shape names used everywhere: n views, c channels, h w pixels of a view (or of its latent), H W cells
of the canonical space. Instance tensors are (n, c, h, w), canonical ones (c, H, W).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Protocol

import torch
from annotated_types import Ge, Interval
from torch import Tensor

from synclab.core.schedule import Schedule

Count = Annotated[int, Ge(1)]
"""How many of something, at least one."""

Time = Annotated[int, Interval(ge=0, le=999)]
"""A diffusion time, from almost clean to almost noise."""

View = tuple[float, ...]
"""What tells one view of a space from another: (azimuth, elevation) in degrees, an offset, …"""

Views = tuple[View, ...]
"""An ordered set of views; hashable, so that projection maps can be cached."""


class Rng(Protocol):
    """Independent random streams of one sample, one for each purpose."""

    def normal(self, purpose: str, shape: tuple[int, ...]) -> Tensor:
        """Standard normal noise on the prior's device."""
        ...

    def uniform(self, purpose: str, low: float, high: float, count: int) -> list[float]:
        """`count` numbers in [low, high)."""
        ...

    def integer(self, purpose: str, low: int, high: int) -> int:
        """An integer in [low, high], both included."""
        ...


class Cond(Protocol):
    """What the denoiser is told about every view: prompts, and later depth or masks."""

    def at(self, views: Views) -> "Cond":
        """The conditions of these views, one for each."""
        ...


class Prior(Protocol):
    """A pretrained denoiser of small square images, guidance and chunking included."""

    schedule: Schedule
    shape: tuple[int, int, int]
    """(c, h, w) of what the network denoises, a latent or an image."""

    def predict(self, x: Tensor, t: int, cond: Cond, guidance: float) -> Tensor:
        """The noise in x (n c h w) at time t: eps_u + guidance (eps_c - eps_u)."""
        ...

    def distance(self, x0: Tensor, other: Tensor) -> Tensor:
        """How different two clean states look: (n,), differentiable; `other` may broadcast."""
        ...


class Space(Protocol):
    """A canonical space Z seen through views: a linear projection and its way back."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """(c, H, W) of the canonical state."""
        ...

    @property
    def initial(self) -> Tensor | None:
        """The canonical state that the task begins with; None where it begins with nothing."""
        ...

    def all_views(self) -> Views:
        """The fixed, overlapping views that synchronisation methods use at every step."""
        ...

    def disjoint_views(self, step: int) -> Views:
        """A set of views that do not overlap, another one at the next step (StochSync)."""
        ...

    def random_views(self, count: int, rng: Rng) -> Views:
        """Views drawn anew at every step (score distillation)."""
        ...

    def project(self, z: Tensor, views: Views) -> Tensor:
        """f_c: what the views see of z: (c, H, W) -> (n, c, h, w). Linear and differentiable."""
        ...

    def scatter(self, y: Tensor, views: Views) -> tuple[Tensor, Tensor]:
        """Weighted sum (c, H, W) of the views on each cell, and the weights (1, H, W)."""
        ...

    def average(self, y: Tensor, views: Views, old: Tensor | None) -> Tensor:
        """Weighted mean (c, H, W) of the views on each cell, in a new tensor; where no view sees
        it the `old` value, 0 without one.
        """
        ...

    def inwardness(self, views: Views) -> Tensor:
        """0 at those borders of a view where others begin, 1 at its centre: (h, w) of the prior."""
        ...

    def to_instance(self, y: Tensor) -> Tensor:
        """What the network sees of projected values: VAE encoding, or identity."""
        ...

    def to_canonical(self, x: Tensor) -> Tensor:
        """The way back: VAE decoding, or identity."""
        ...


class Method(Protocol):
    """An algorithm: a frozen dataclass of hyper-parameters.

    Calling it yields the current canonical estimate after every step, or None where there is none
    yet that would come for free; the last one is the result.
    """

    @property
    def steps(self) -> int:
        """How often it yields."""
        ...

    def __call__(
        self, prior: Prior, space: Space, cond: Cond, rng: Rng
    ) -> Iterator[Tensor | None]: ...


@dataclass(frozen=True)
class Sample:
    """The unit of work: one prompt and one seed of a task."""

    id: str
    prompt: str
    seed: int


class Everywhere:
    """The empty condition: the same nothing for every view (exact priors need no more)."""

    def at(self, views: Views) -> "Everywhere":
        return self


def stack_shape(views: Views, prior: Prior) -> tuple[int, int, int, int]:
    """(n, c, h, w) of the instance state of these views."""
    return (len(views), *prior.shape)


def frozen(module: torch.nn.Module) -> Any:
    """A network in evaluation mode whose weights ask for no gradient.

    `Any`, for diffusers and transformers do not type their calls and configurations.
    """
    return module.eval().requires_grad_(False)
