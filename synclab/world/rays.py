"""The rays of a batch of pictures, and the painting that layers are painted on from far to near."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from .noise import HASHES
from .palette import by_time, mix
from .scenes import Scenes

SKY_DISTANCE = 1000.0


@dataclass(frozen=True)
class Rays:
    """Rays of n scenes: lon, lat (n, 1, h, w) radians; footprint is a pixel's size in radians."""

    scenes: Scenes
    lon: Tensor
    lat: Tensor
    footprint: float

    @cached_property
    def direction(self) -> tuple[Tensor, Tensor, Tensor]:
        """Unit direction x (right), y (up), z (back), each (n, 1, h, w)."""
        level = self.lat.cos()
        return level * self.lon.sin(), self.lat.sin(), -level * self.lon.cos()

    @cached_property
    def slope(self) -> Tensor:
        """Height gained per metre of level distance, bounded near the poles."""
        return self.lat.clamp(-1.54, 1.54).tan()

    def chance(self, index: int) -> Tensor:
        """Uniform number (n, 1, 1, 1) of each scene; equal indices give equal numbers."""
        return self.scenes.chance[:, index].view(-1, 1, 1, 1)

    def seed(self, index: int) -> Tensor:
        """Hash seed (n, 1, 1, 1) of each scene."""
        return (self.chance(index % self.scenes.chance.shape[1]) * HASHES).long() + 17 * index

    def number(self, values: Tensor) -> Tensor:
        """A number per scene (n,) shaped to broadcast: (n, 1, 1, 1)."""
        return values.view(-1, 1, 1, 1)

    def at_time(self, table: list[tuple[float, float, float]]) -> Tensor:
        """Colour (n, 3, 1, 1) of each scene's time of day."""
        return by_time(table, self.scenes.time)

    def is_time(self, time: int) -> Tensor:
        """1 where a scene has this time index, else 0: (n, 1, 1, 1)."""
        return self.number((self.scenes.time == time).float())


class Painting:
    """Colour (n, 3, h, w) and depth (n, 1, h, w) painted so far."""

    def __init__(self, rays: Rays, colour: Tensor, distance: Tensor | float = SKY_DISTANCE) -> None:
        n, _, height, width = rays.lat.shape
        self.rgb = colour.expand(n, 3, height, width)
        self.depth = torch.as_tensor(distance).expand(n, 1, height, width)

    def over(self, colour: Tensor, distance: Tensor | float, alpha: Tensor) -> None:
        """Paint a nearer layer: alpha (n, 1, h, w) is its coverage of each pixel."""
        self.rgb = mix(self.rgb, colour, alpha)
        self.depth = torch.where(alpha > 0.5, torch.as_tensor(distance), self.depth)

    def tint(self, colour: Tensor, alpha: Tensor) -> None:
        """Change the colour but not the depth: glow, clouds, haze."""
        self.rgb = mix(self.rgb, colour, alpha)


def ramp(low: Tensor | float, high: Tensor | float, value: Tensor) -> Tensor:
    """Smoothstep from 0 at `low` to 1 at `high` (high < low falls instead)."""
    t = ((value - low) / (high - low)).clamp(0, 1)
    return t * t * (3 - 2 * t)


def edge(inside: Tensor, pixel: Tensor | float) -> Tensor:
    """Coverage of a pixel by the region inside > 0, both in the same unit: an antialiased step."""
    t = (inside / pixel * 0.6 + 0.5).clamp(0, 1)
    return t * t * (3 - 2 * t)


def resolved(period: Tensor | float, pixel: Tensor | float) -> Tensor:
    """1 where a repeating detail is wide enough to draw, 0 where only its mean should remain."""
    ratio = torch.as_tensor(period) / torch.as_tensor(pixel)
    return ramp(2.5, 5.0, ratio)
