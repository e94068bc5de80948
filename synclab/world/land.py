"""Ground planes and ridges on the horizon."""

import math
from dataclasses import dataclass

from torch import Tensor

from .noise import noise
from .palette import HAZE, LIGHT, mix
from .view import Canvas, View, edge, ramp


@dataclass(frozen=True)
class Ground:
    """Where each ray meets a level plane: x, z, distance and pixel size in metres, coverage."""

    x: Tensor
    z: Tensor
    distance: Tensor
    pixel: Tensor
    alpha: Tensor


def ground(view: View, camera_height: float, above: bool = False) -> Ground:
    """The level plane `camera_height` metres below the camera, or above it (a ceiling)."""
    x, y, z = view.direction
    down = (y if above else -y).clamp_min(0.006)
    distance = camera_height / down
    pixel = view.footprint * distance / down.pow(0.7)
    alpha = edge(view.lat if above else -view.lat, view.footprint)
    return Ground(x * distance, z * distance, distance, pixel, alpha)


def ground_noise(
    view: View, plane: Ground, tile: str, period: float, seed: int, stretch: float = 1.0
) -> Tensor:
    """Noise on a plane; `period` metres per tile, shrunk along z by `stretch`."""
    u = plane.x / period + view.chance(seed)
    v = plane.z / period * stretch + view.chance(seed + 1)
    return noise(tile, u, v, plane.pixel * (max(1.0, stretch) / period))


def around(view: View, tile: str, radius: float, seed: int) -> Tensor:
    """Noise along a circle through a tile: periodic in longitude without visible repeats."""
    u = view.lon.cos() * radius + view.chance(seed)
    v = view.lon.sin() * radius + view.chance(seed + 1)
    return noise(tile, u, v, view.footprint * radius)


def surface(view: View, tile: str, repeats: int, seed: int, stretch: float = 1.0) -> Tensor:
    """Noise on the sphere of directions, `repeats` whole tiles around the horizon."""
    u = view.lon / (2 * math.pi) * repeats + view.chance(seed)
    v = view.lat / (2 * math.pi) * repeats * stretch + view.chance(seed + 1)
    return noise(tile, u, v, view.footprint / (2 * math.pi) * repeats * max(1.0, stretch))


def relief(view: View, tile: str, repeats: int, seed: int, stretch: float = 1.0) -> Tensor:
    """Shading of the noise of `surface` as if lit from the upper left: about -1 to 1, mean 0."""
    step = 2 * math.pi / repeats / 160
    aside = View(view.scenes, view.lon + step, view.lat - step / stretch, view.footprint)
    rise = surface(view, tile, repeats, seed, stretch) - surface(
        aside, tile, repeats, seed, stretch
    )
    return (4 * rise).tanh()


def hazed(view: View, colour: Tensor, amount: Tensor | float) -> Tensor:
    """A colour under the light of the time of day, seen through some haze (0..1)."""
    return mix(lit(view, colour), view.at_time(HAZE), amount)


def lit(view: View, colour: Tensor) -> Tensor:
    """A colour under the light of the time of day; night takes part of the hue away."""
    grey = colour.mean(1, keepdim=True) * 0.9 + 0.15
    return mix(colour, grey, 0.5 * view.is_time(2)) * view.at_time(LIGHT)


def far_haze(distance: Tensor, visibility: float) -> Tensor:
    """Haze 0..1 that has swallowed two thirds of a colour at `visibility` metres."""
    return 1 - (-distance / visibility).exp()


def lay_ground(
    view: View, canvas: Canvas, plane: Ground, colour: Tensor, visibility: float
) -> None:
    """Paint a ground plane under the light of the day, grainy when near, hazed when far."""
    grain = ground_noise(view, plane, "fractal", 3.0, 28)
    seen = hazed(view, colour * (1 + 0.04 * grain), far_haze(plane.distance, visibility) * 0.6)
    canvas.over(seen, plane.distance, plane.alpha)


def lay_ridge(
    view: View, canvas: Canvas, top: Tensor, colour: Tensor, distance: float, haze: float
) -> None:
    """Paint land that reaches up to the latitude `top` (radians) at one distance."""
    # Mist at the foot lets the land run into the hazed far end of the ground plane.
    mist = haze + (0.75 - haze) * 0.6 * ramp(0.08, 0.0, view.lat)
    seen = hazed(view, colour, mist)
    canvas.over(seen, distance, edge(top - view.lat, view.footprint))
