"""The sky of outdoor scenes: gradient, glow, sun or moon, stars and clouds."""

import math

import torch
from torch import Tensor

from .noise import cell_random, noise
from .palette import CLOUD, HORIZON, MIDDLE, SUN, ZENITH, colour, mix
from .rays import Painting, Rays, edge, ramp

STAR_ROWS = 22


def sky(rays: Rays, tint: Tensor | None = None) -> Painting:
    """Painting with the whole sky; `tint` (n, 3, 1, 1) recolours it for other planets."""
    stops = [rays.at_time(table) for table in (HORIZON, MIDDLE, ZENITH)]
    if tint is not None:
        stops = [mix(stop, tint * (0.35 + stop.mean(1, keepdim=True)), 0.55) for stop in stops]
    height = rays.direction[1]
    blend = mix(mix(stops[0], stops[1], ramp(0.0, 0.28, height)), stops[2], ramp(0.1, 0.85, height))
    painting = Painting(rays, blend)
    _glow(rays, painting)
    _stars(rays, painting)
    _disc(rays, painting)
    _clouds(rays, painting)
    return painting


def sun_cosine(rays: Rays) -> Tensor:
    """Cosine of the angle between each ray and the sun or moon."""
    lon, lat = (rays.number(v) for v in (rays.scenes.sun_longitude, rays.scenes.sun_latitude))
    return rays.lat.sin() * lat.sin() + rays.lat.cos() * lat.cos() * (rays.lon - lon).cos()


def _glow(rays: Rays, painting: Painting) -> None:
    near = sun_cosine(rays) - 1
    wide = (near * 5).exp() * (0.25 + 0.3 * rays.is_time(1) + 0.2 * rays.is_time(3))
    tight = (near * 60).exp() * 0.45
    bright = 1 - rays.is_time(2) * (1 - 0.35 * rays.number(rays.scenes.moon))
    painting.tint(rays.at_time(SUN), ((wide + tight) * bright).clamp(0, 1))


def _disc(rays: Rays, painting: Painting) -> None:
    angle = sun_cosine(rays).clamp(-1, 1).acos()
    night = rays.is_time(2)
    radius = 0.045 + 0.02 * rays.is_time(1) + 0.02 * night
    alpha = edge(radius - angle, rays.footprint) * mix(
        torch.ones(()), rays.number(rays.scenes.moon), night
    )
    seas = noise("fractal", rays.lon * 1.5, rays.lat * 1.5, rays.footprint * 1.5)
    face = rays.at_time(SUN) * (1 - 0.12 * night * ramp(0.0, 0.8, seas))
    painting.tint(face, alpha)


def _stars(rays: Rays, painting: Painting) -> None:
    """At most one round star in each cell of a grid whose rows all hold whole cells."""
    if not bool((rays.scenes.time == 2).any()):
        return
    row_height = math.pi / 2 / STAR_ROWS
    row = (rays.lat / row_height).floor()
    middle = (row + 0.5) * row_height
    cells = (middle.cos() * 4 * STAR_ROWS).round().clamp_min(1)
    across = (rays.lon / (2 * math.pi) + 0.5) * cells
    cell = across.floor()
    first, second, third = (cell_random([cell, row], rays.seed(s)) for s in (1, 2, 3))
    right = (across - cell - 0.25 - 0.5 * first) * (2 * math.pi / cells) * middle.cos()
    up = rays.lat - middle + (second - 0.5) * 0.5 * row_height
    size = max(0.005, 0.6 * rays.footprint)
    shape = torch.exp(-(right**2 + up**2) / size**2) * ramp(0.55, 1.0, third)
    painting.tint(
        colour(1.0, 1.0, 0.95), shape * rays.is_time(2) * ramp(0.05, 0.2, rays.lat) * 0.95
    )


def _clouds(rays: Rays, painting: Painting) -> None:
    x, y, z = rays.direction
    scale = 0.16 / (y.clamp_min(0) + 0.16)
    pixel = rays.footprint * scale * 2.2
    u, v = x * scale * 1.3 + rays.chance(0), z * scale * 1.3 + rays.chance(1)
    thick = noise("fractal", u, v, pixel)
    shape = ramp(0.05, 1.1, thick) * ramp(0.03, 0.16, y)
    cover = rays.number(rays.scenes.clouds)
    shade = rays.at_time(CLOUD) * (1 - 0.12 * ramp(0.8, 2.2, thick))
    painting.tint(shade, shape * cover * (1 - 0.35 * rays.is_time(2)) * 0.95)
