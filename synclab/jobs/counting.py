"""Counts the cost of a sample by running its method on a prior that only counts calls."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import torch
from torch import Tensor

from synclab.core.meter import Meter
from synclab.core.protocols import Cond, Condition, Everywhere, Method, Sample, Task, Views
from synclab.core.schedule import Schedule
from synclab.core.streams import Streams

FEW = 200
"""Largest number of steps that are run; the cost of longer methods is extrapolated."""

SMALL, SMALL_FACTOR = 8, 2
"""Size of a view while counting; the counts do not depend on it."""


@dataclass
class Work:
    """Inputs of the networks, and the size of the picture in views."""

    denoiser: float = 0
    encode: float = 0
    decode: float = 0
    views: float = 0

    def __mul__(self, factor: float) -> "Work":
        """Scales the network inputs to more steps; the picture's size stays the same."""
        return Work(self.denoiser * factor, self.encode * factor, self.decode * factor, self.views)

    def cost(self, each: Mapping[str, float]) -> float:
        """Total TFLOP, given the TFLOP of one input of each network."""
        evaluations = self.denoiser * each["denoiser"]
        return evaluations + self.encode * each["encode"] + self.decode * each["decode"]


@dataclass
class CountingPrior:
    """Stands in for a latent prior of `channels`: predicts zeros and counts its inputs."""

    channels: int
    work: Work = field(default_factory=Work)
    schedule: Schedule = field(default_factory=Schedule.scaled_linear)
    device: str = "cpu"
    factor: int = SMALL_FACTOR
    meter: Meter = field(default_factory=Meter)
    prediction: str = "epsilon"
    checkpoint: str | None = None
    weights_hash: str | None = None
    distilled: bool = False

    needs: ClassVar[tuple[str, ...]] = ()

    @property
    def shape(self) -> tuple[int, int, int]:
        return (self.channels, SMALL, SMALL)

    @property
    def image_size(self) -> int:
        return SMALL * self.factor

    @property
    def image_channels(self) -> int:
        return 3

    def embed(self, prompt: str) -> Condition:
        return Everywhere()

    def attention(self, x: Tensor, t: int, cond: Cond) -> tuple[Tensor, Tensor]:
        self.work.denoiser += len(x)
        return torch.ones_like(x[:, :1]), torch.ones_like(x[:, 0, :1, :1])

    def token_places(self, prompt: str, words: Collection[str]) -> list[int]:
        return [0]

    def with_depth(self, text: Condition, disparity: Callable[[Views], Tensor]) -> Condition:
        return text

    def with_coarse(
        self, text: Condition, coarse: Callable[[Views], Tensor], noise: Callable[[Views], Tensor]
    ) -> Condition:
        return text

    def predict(self, x: Tensor, t: int, cond: Cond, guidance: float) -> Tensor:
        self.work.denoiser += len(x) * (1 if guidance in (0, 1) else 2)
        return 0 * x

    def encode(self, image: Tensor, eps: Tensor | None = None) -> Tensor:
        self.work.encode += len(image)
        small = torch.nn.functional.avg_pool2d(image, self.factor)
        return small.mean(1, keepdim=True).repeat(1, self.channels, 1, 1)

    def decode(self, latent: Tensor) -> Tensor:
        self.work.decode += len(latent)
        rgb = latent.mean(1, keepdim=True).repeat(1, 3, 1, 1)
        return rgb.repeat_interleave(self.factor, -1).repeat_interleave(self.factor, -2)

    def distance(self, x0: Tensor, other: Tensor) -> Tensor:
        """Perceptual distances look at decoded images."""
        self.work.decode += len(x0) + len(other)
        return (x0 - other).square().mean((1, 2, 3))


@dataclass
class CountingMotionPrior(CountingPrior):
    """Stands in for a prior of motions, whose segments keep their length."""

    frames: int = SMALL
    factor: int = 1

    @property
    def shape(self) -> tuple[int, int, int]:
        return (self.channels, 1, self.frames)

    @property
    def image_size(self) -> int:
        return self.frames

    @property
    def image_channels(self) -> int:
        return self.channels

    def encode(self, image: Tensor, eps: Tensor | None = None) -> Tensor:
        return image

    def decode(self, latent: Tensor) -> Tensor:
        return latent


def stand_in(shape: tuple[int, int, int]) -> CountingPrior:
    """The counting prior of a denoiser that sees (c, h, w)."""
    channels, height, width = shape
    return CountingPrior(channels) if height > 1 else CountingMotionPrior(channels, frames=width)


def count(task: Task, method: Method, shape: tuple[int, int, int]) -> Work:
    """The work of one sample, with a prior whose denoiser sees `shape` (c, h, w)."""
    prior, sample = stand_in(shape), Sample("plan", "", 0)
    short: Any = replace(method, steps=min(method.steps, FEW))  # type: ignore[type-var]
    rng = Streams("plan", "", 0)
    space, condition = task.space(prior, rng, sample), task.condition(prior, sample)
    *_, z = short(prior, space, condition, rng)
    work = prior.work * (method.steps / short.steps)
    prior.work = work
    image = task.image(prior, z)
    work.views = image.shape[-1] * image.shape[-2] / prior.image_size**2
    return work
