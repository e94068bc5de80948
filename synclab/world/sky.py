"""The sky of outdoor scenes: gradient, glow, sun or moon, stars and clouds."""

import math

import torch
from torch import Tensor

from .noise import cell_random, noise
from .palette import CLOUD, HORIZON, MIDDLE, SUN, ZENITH, colour, mix
from .view import Canvas, View, edge, ramp

STAR_ROWS = 22


def sky(view: View, tint: Tensor | None = None) -> Canvas:
    """Canvas with the whole sky; `tint` (n, 3, 1, 1) recolours it for other planets."""
    stops = [view.at_time(table) for table in (HORIZON, MIDDLE, ZENITH)]
    if tint is not None:
        stops = [mix(stop, tint * (0.35 + stop.mean(1, keepdim=True)), 0.55) for stop in stops]
    height = view.direction[1]
    blend = mix(mix(stops[0], stops[1], ramp(0.0, 0.28, height)), stops[2], ramp(0.1, 0.85, height))
    canvas = Canvas(view, blend)
    _glow(view, canvas)
    _stars(view, canvas)
    _disc(view, canvas)
    _clouds(view, canvas)
    return canvas


def sun_cosine(view: View) -> Tensor:
    """Cosine of the angle between each ray and the sun or moon."""
    lon, lat = (view.number(v) for v in (view.scenes.sun_longitude, view.scenes.sun_latitude))
    return view.lat.sin() * lat.sin() + view.lat.cos() * lat.cos() * (view.lon - lon).cos()


def _glow(view: View, canvas: Canvas) -> None:
    near = sun_cosine(view) - 1
    wide = (near * 5).exp() * (0.25 + 0.3 * view.is_time(1) + 0.2 * view.is_time(3))
    tight = (near * 60).exp() * 0.45
    bright = 1 - view.is_time(2) * (1 - 0.35 * view.number(view.scenes.moon))
    canvas.tint(view.at_time(SUN), ((wide + tight) * bright).clamp(0, 1))


def _disc(view: View, canvas: Canvas) -> None:
    angle = sun_cosine(view).clamp(-1, 1).acos()
    night = view.is_time(2)
    radius = 0.045 + 0.02 * view.is_time(1) + 0.02 * night
    alpha = edge(radius - angle, view.footprint) * mix(
        torch.ones(()), view.number(view.scenes.moon), night
    )
    seas = noise("fractal", view.lon * 1.5, view.lat * 1.5, view.footprint * 1.5)
    face = view.at_time(SUN) * (1 - 0.12 * night * ramp(0.0, 0.8, seas))
    canvas.tint(face, alpha)


def _stars(view: View, canvas: Canvas) -> None:
    """At most one round star in each cell of a grid whose rows all hold whole cells."""
    if not bool((view.scenes.time == 2).any()):
        return
    row_height = math.pi / 2 / STAR_ROWS
    row = (view.lat / row_height).floor()
    middle = (row + 0.5) * row_height
    cells = (middle.cos() * 4 * STAR_ROWS).round().clamp_min(1)
    across = (view.lon / (2 * math.pi) + 0.5) * cells
    cell = across.floor()
    first, second, third = (cell_random([cell, row], view.seed(s)) for s in (1, 2, 3))
    right = (across - cell - 0.25 - 0.5 * first) * (2 * math.pi / cells) * middle.cos()
    up = view.lat - middle + (second - 0.5) * 0.5 * row_height
    size = max(0.005, 0.6 * view.footprint)
    shape = torch.exp(-(right**2 + up**2) / size**2) * ramp(0.55, 1.0, third)
    canvas.tint(colour(1.0, 1.0, 0.95), shape * view.is_time(2) * ramp(0.05, 0.2, view.lat) * 0.95)


def _clouds(view: View, canvas: Canvas) -> None:
    x, y, z = view.direction
    scale = 0.16 / (y.clamp_min(0) + 0.16)
    pixel = view.footprint * scale * 2.2
    u, v = x * scale * 1.3 + view.chance(0), z * scale * 1.3 + view.chance(1)
    thick = noise("fractal", u, v, pixel)
    shape = ramp(0.05, 1.1, thick) * ramp(0.03, 0.16, y)
    cover = view.number(view.scenes.clouds)
    shade = view.at_time(CLOUD) * (1 - 0.12 * ramp(0.8, 2.2, thick))
    canvas.tint(shade, shape * cover * (1 - 0.35 * view.is_time(2)) * 0.95)
