"""Priors with a closed-form score, on which tests verify relations between methods.

Each implements E[x0 | x] of its data distribution, which gives the optimal noise prediction;
guidance and conditions have no effect.
"""

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor

from synclab.core.meter import Meter
from synclab.core.protocols import Cond, Condition, Everywhere, Views
from synclab.core.schedule import Schedule

Shape = tuple[int, int, int]


@dataclass
class ExactPrior:
    """Base class of exact priors. Images in [0, 1] map linearly to x in [-1, 1]; no VAE."""

    shape: Shape = (4, 16, 16)
    schedule: Schedule = field(default_factory=Schedule.scaled_linear)
    device: str = "cpu"
    meter: Meter = field(default_factory=Meter)

    needs: ClassVar[tuple[str, ...]] = ()

    def predict(self, x: Tensor, t: int, cond: Cond, guidance: float) -> Tensor:
        """E[eps | x] (n c h w) at time t."""
        self.meter.nfe += len(x)
        size = math.hypot(self.schedule.alpha(t), self.schedule.sigma(t))
        with self.meter("denoiser", x.device):
            # Dividing by `size` makes any schedule's x variance-preserving.
            mean = self.posterior_mean(x / size, self.schedule.a(t))
            return self.schedule.eps(x, mean, t)

    def posterior_mean(self, x: Tensor, a: float) -> Tensor:
        """E[x0 | x] when x = sqrt(a) x0 + sqrt(1 - a) eps."""
        raise NotImplementedError

    @property
    def prediction(self) -> str:
        return "epsilon"

    @property
    def distilled(self) -> bool:
        """False: an estimate is the mean of all data that x may come from."""
        return False

    @property
    def checkpoint(self) -> None:
        """There are no weights."""

    @property
    def weights_hash(self) -> None:
        """There are no weights."""

    @property
    def nfe(self) -> int:
        return self.meter.nfe

    @property
    def image_size(self) -> int:
        return self.shape[1]

    @property
    def factor(self) -> int:
        """1: there is no encoder."""
        return 1

    @property
    def image_channels(self) -> int:
        return self.shape[0]

    def embed(self, prompt: str) -> Everywhere:
        return Everywhere()

    def attention(self, x: Tensor, t: int, cond: Cond) -> tuple[Tensor, Tensor]:
        """Attends everywhere alike: to one token, and from every place to itself."""
        return torch.ones_like(x[:, :1]), torch.ones_like(x[:, 0, :1, :1])

    def token_places(self, prompt: str, words: Collection[str]) -> list[int]:
        return [0] if words else []

    def with_depth(self, text: Condition, disparity: Callable[[Views], Tensor]) -> Condition:
        """Returns the text unchanged: exact priors use no depth."""
        return text

    def with_coarse(
        self, text: Condition, coarse: Callable[[Views], Tensor], noise: Callable[[Views], Tensor]
    ) -> Condition:
        """Returns the text unchanged: exact priors enlarge no picture."""
        return text

    def encode(self, image: Tensor, eps: Tensor | None = None) -> Tensor:
        """Images in [0, 1] to x; there is no posterior to sample, so `eps` changes nothing."""
        return 2 * image - 1

    def distance(self, x0: Tensor, other: Tensor) -> Tensor:
        return (x0 - other).square().mean((1, 2, 3))

    def decode(self, x: Tensor) -> Tensor:
        return (x + 1) / 2


@dataclass
class Gaussian(ExactPrior):
    """Independent pixels N(mean, std^2): a linear score, which commutes with any selection."""

    mean: float = 0.5
    std: float = 0.5

    def posterior_mean(self, x: Tensor, a: float) -> Tensor:
        gain = a**0.5 * self.std**2 / (a * self.std**2 + 1 - a)
        return self.mean + gain * (x - a**0.5 * self.mean)


@dataclass
class Mixture(ExactPrior):
    """Constant images at one of `levels` plus N(0, std^2): a score that couples all pixels."""

    levels: tuple[float, ...] = (-1.0, 1.0)
    std: float = 0.25

    def posterior_mean(self, x: Tensor, a: float) -> Tensor:
        variance = a * self.std**2 + 1 - a
        means = torch.tensor(self.levels, dtype=x.dtype, device=x.device)
        offset = x.unsqueeze(-1) - a**0.5 * means  # n c h w k
        weight = (-offset.square().sum((1, 2, 3)) / (2 * variance)).softmax(-1)  # n k
        components = means + a**0.5 * self.std**2 / variance * offset
        return torch.einsum("nchwk,nk->nchw", components, weight)


@dataclass
class StationaryField(ExactPrior):
    """A Gaussian random field with covariance exp(-d^2 / 2 length^2) between pixels d apart.

    Images are windows of one infinite field, so overlapping views can agree perfectly and a
    synchronisation method can be compared with the true distribution.
    """

    mean: float = 0.0
    std: float = 1.0
    length: float = 3.0

    def __post_init__(self) -> None:
        _, h, w = self.shape
        place = torch.cartesian_prod(torch.arange(h), torch.arange(w)).double()
        covariance = torch.exp(-torch.cdist(place, place).square() / (2 * self.length**2))
        values, self.basis = torch.linalg.eigh(self.std**2 * covariance)
        self.variances = values.clamp_min(0)

    def posterior_mean(self, x: Tensor, a: float) -> Tensor:
        basis, variances = self.basis.to(x), self.variances.to(x)
        gain = a**0.5 * variances / (a * variances + 1 - a)
        offset = (x - a**0.5 * self.mean).flatten(2) @ basis
        return self.mean + (gain * offset @ basis.T).view_as(x)
