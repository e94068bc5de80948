"""Base of all canonical spaces: shape, codec and defaults of the protocol."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor

from synclab.core.known import Known
from synclab.core.protocols import Rng, Space, Views
from synclab.core.sync import adjoint_scatter, weighted_mean


class Codec(Protocol):
    """Encodes canonical values to network inputs, and decodes them back."""

    def encode(self, y: Tensor, /) -> Tensor: ...

    def decode(self, x: Tensor, /) -> Tensor: ...


class Identity:
    """No encoding: the canonical state is in the network's own space."""

    def encode(self, y: Tensor) -> Tensor:
        return y

    def decode(self, x: Tensor) -> Tensor:
        return x


@dataclass(kw_only=True)
class Canvas:
    """A grid of cells (channels, height, width) seen through square views of `view_size` cells.

    `codec` encodes and decodes views; with a VAE the network's input is `factor` times smaller than
    the view along each side. `initial` is the state that a task starts from, if any; `known` is the
    region that is given in advance.
    """

    channels: int
    height: int
    width: int
    view_size: int
    codec: Codec = field(default_factory=Identity)
    factor: int = 1
    device: str = "cpu"
    initial: Tensor | None = None
    known: Known | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.channels, self.height, self.width

    def all_views(self) -> Views:
        raise NotImplementedError

    def disjoint_views(self, step: int, rng: Rng) -> Views:
        return self.all_views()

    def shifted_views(self, rng: Rng) -> Views:
        return self.all_views()

    def overlaps(self) -> Sequence[tuple[Space, Views]]:
        raise NotImplementedError

    def around_overlaps(self) -> tuple[int, Views]:
        raise NotImplementedError

    def random_views(self, count: int, rng: Rng) -> Views:
        return self.all_views()

    def project(self, z: Tensor, views: Views) -> Tensor:
        raise NotImplementedError

    def project_noise(self, noise: Tensor, views: Views) -> Tensor:
        """The projection itself, which keeps variance where it copies cells, as crops do."""
        return self.project(noise, views)

    def scatter(self, y: Tensor, views: Views) -> tuple[Tensor, Tensor]:
        return adjoint_scatter(self, y, views)

    def average(self, y: Tensor, views: Views, old: Tensor | None) -> Tensor:
        return weighted_mean(*self.scatter(y, views), old)

    def inwardness(self, views: Views) -> Tensor:
        """1 everywhere: by default no view borders on another."""
        size = self.view_size // self.factor
        return torch.ones(size, size, device=self.device)

    def from_sides(self) -> Tensor:
        """Distance (h, w) of each latent pixel from the left or right border, in [0, 1]."""
        profile = horizontal_profile(self.view_size, self.factor).to(self.device)
        return profile.expand(len(profile), -1)

    def from_borders(self) -> Tensor:
        """Distance (h, w) of each latent pixel from the nearest of the four borders, in [0, 1]."""
        across = self.from_sides()
        return torch.minimum(across, across.T)

    def overlay(self, own: Tensor, seen: Tensor, views: Views) -> Tensor:
        """All of `seen`: every pixel of a view sees the canvas."""
        return seen

    def beside(self, views: Views, rng: Rng) -> tuple[Tensor, Tensor] | None:
        return None

    def to_instance(self, y: Tensor) -> Tensor:
        return self.codec.encode(y)

    def to_canonical(self, x: Tensor) -> Tensor:
        return self.codec.decode(x)


def horizontal_profile(view_size: int, factor: int) -> Tensor:
    """Inwardness of every latent column: the minimum over the image pixels that it covers.

    A ramp from 0 at both borders to 1 at the two middle columns, in pixels of the view.
    """
    size = view_size // factor
    column = torch.arange(size)
    inner = torch.minimum(column, size - 1 - column) * factor
    return inner / max(1, (view_size - 1) // 2)
