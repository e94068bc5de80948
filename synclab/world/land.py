"""Ground planes and ridges on the horizon."""

import math
from dataclasses import dataclass

from torch import Tensor

from .noise import noise
from .palette import HAZE, LIGHT, mix
from .rays import Painting, Rays, edge, ramp


@dataclass(frozen=True)
class Ground:
    """Where each ray meets a level plane: x, z, distance and pixel size in metres, coverage."""

    x: Tensor
    z: Tensor
    distance: Tensor
    pixel: Tensor
    alpha: Tensor


def ground(rays: Rays, camera_height: float, above: bool = False) -> Ground:
    """The level plane `camera_height` metres below the camera, or above it (a ceiling)."""
    x, y, z = rays.direction
    down = (y if above else -y).clamp_min(0.006)
    distance = camera_height / down
    pixel = rays.footprint * distance / down.pow(0.7)
    alpha = edge(rays.lat if above else -rays.lat, rays.footprint)
    return Ground(x * distance, z * distance, distance, pixel, alpha)


def ground_noise(
    rays: Rays, plane: Ground, tile: str, period: float, seed: int, stretch: float = 1.0
) -> Tensor:
    """Noise on a plane; `period` metres per tile, shrunk along z by `stretch`."""
    u = plane.x / period + rays.chance(seed)
    v = plane.z / period * stretch + rays.chance(seed + 1)
    return noise(tile, u, v, plane.pixel * (max(1.0, stretch) / period))


def around(rays: Rays, tile: str, radius: float, seed: int) -> Tensor:
    """Noise along a circle through a tile: periodic in longitude without visible repeats."""
    u = rays.lon.cos() * radius + rays.chance(seed)
    v = rays.lon.sin() * radius + rays.chance(seed + 1)
    return noise(tile, u, v, rays.footprint * radius)


def surface(rays: Rays, tile: str, repeats: int, seed: int, stretch: float = 1.0) -> Tensor:
    """Noise on the sphere of directions, `repeats` whole tiles around the horizon."""
    u = rays.lon / (2 * math.pi) * repeats + rays.chance(seed)
    v = rays.lat / (2 * math.pi) * repeats * stretch + rays.chance(seed + 1)
    return noise(tile, u, v, rays.footprint / (2 * math.pi) * repeats * max(1.0, stretch))


def relief(rays: Rays, tile: str, repeats: int, seed: int, stretch: float = 1.0) -> Tensor:
    """Shading of the noise of `surface` as if lit from the upper left: about -1 to 1, mean 0."""
    step = 2 * math.pi / repeats / 160
    aside = Rays(rays.scenes, rays.lon + step, rays.lat - step / stretch, rays.footprint)
    rise = surface(rays, tile, repeats, seed, stretch) - surface(
        aside, tile, repeats, seed, stretch
    )
    return (4 * rise).tanh()


def hazed(rays: Rays, colour: Tensor, amount: Tensor | float) -> Tensor:
    """A colour under the light of the time of day, seen through some haze (0..1)."""
    return mix(lit(rays, colour), rays.at_time(HAZE), amount)


def lit(rays: Rays, colour: Tensor) -> Tensor:
    """A colour under the light of the time of day; night takes part of the hue away."""
    grey = colour.mean(1, keepdim=True) * 0.9 + 0.15
    return mix(colour, grey, 0.5 * rays.is_time(2)) * rays.at_time(LIGHT)


def far_haze(distance: Tensor, visibility: float) -> Tensor:
    """Haze 0..1 that has swallowed two thirds of a colour at `visibility` metres."""
    return 1 - (-distance / visibility).exp()


def lay_ground(
    rays: Rays, painting: Painting, plane: Ground, colour: Tensor, visibility: float
) -> None:
    """Paint a ground plane under the light of the day, grainy when near, hazed when far."""
    grain = ground_noise(rays, plane, "fractal", 3.0, 28)
    seen = hazed(rays, colour * (1 + 0.04 * grain), far_haze(plane.distance, visibility) * 0.6)
    painting.over(seen, plane.distance, plane.alpha)


def lay_ridge(
    rays: Rays, painting: Painting, top: Tensor, colour: Tensor, distance: float, haze: float
) -> None:
    """Paint land that reaches up to the latitude `top` (radians) at one distance."""
    # Mist at the foot lets the land run into the hazed far end of the ground plane.
    mist = haze + (0.75 - haze) * 0.6 * ramp(0.08, 0.0, rays.lat)
    seen = hazed(rays, colour, mist)
    painting.over(seen, distance, edge(top - rays.lat, rays.footprint))
