"""Flat patterns that fill all directions: u is longitude, v latitude, both in whole cells."""

import math

import torch
from torch import Tensor

from .land import surface
from .noise import cell_random
from .palette import choose, colour, hue, mix
from .rays import Painting, Rays, edge, ramp

DISTANCE = 3.0


def _cells(rays: Rays, columns: int, rows_per_turn: int, stagger: float) -> tuple[Tensor, ...]:
    """Cell indices and positions inside: column, row, u, v in [0, 1), pixel size in cells."""
    v = rays.lat / (2 * math.pi) * rows_per_turn + rays.chance(0)
    row = v.floor()
    u = (rays.lon / (2 * math.pi) + rays.chance(1)) * columns + stagger * row
    column = u.floor()
    return column % columns, row + 500, u - column, v - row


def _joint(rays: Rays, u: Tensor, v: Tensor, columns: int, rows: int, gap: float) -> Tensor:
    """Coverage by a cell without its joints; `gap` in radians."""
    right = (0.5 - (u - 0.5).abs()) * (2 * math.pi / columns)
    up = (0.5 - (v - 0.5).abs()) * (2 * math.pi / rows)
    return edge(right - gap, rays.footprint) * edge(up - gap, rays.footprint)


def brick_wall(rays: Rays) -> Painting:
    column, row, u, v = _cells(rays, 24, 52, 0.5)
    tone = cell_random([column, row], rays.seed(2))
    dark = mix(colour(0.55, 0.22, 0.16), colour(0.50, 0.30, 0.24), rays.chance(4))
    brick = mix(dark, colour(0.80, 0.42, 0.30), tone * 0.9)
    brick = brick * (1 + 0.07 * surface(rays, "fractal", 4, 5))
    mortar = colour(0.78, 0.74, 0.68)
    shape = _joint(rays, u, v, 24, 52, 0.010)
    return Painting(rays, mix(mortar, brick, shape), DISTANCE)


def wooden_planks(rays: Rays) -> Painting:
    column, row, u, v = _cells(rays, 8, 36, 0.37)
    tone = cell_random([row], rays.seed(2))
    grain = surface(rays, "fractal", 2, 3, 9.0) + 0.6 * surface(rays, "smooth", 1, 5, 6.0)
    dark, light = colour(0.42, 0.26, 0.14), colour(0.78, 0.56, 0.34)
    light = mix(light, colour(0.70, 0.58, 0.46), rays.chance(7))
    wood = mix(dark, light, (0.3 + 0.4 * tone + 0.14 * grain).clamp(0, 1))
    shape = _joint(rays, u, v, 8, 36, 0.006)
    return Painting(rays, mix(colour(0.18, 0.11, 0.07), wood, shape), DISTANCE)


def marble(rays: Rays) -> Painting:
    cloud = surface(rays, "fractal", 2, 0)
    u = rays.lon / (2 * math.pi)
    wave = ((u * 5 + rays.lat * 0.9 + rays.chance(4)) * 2 * math.pi + 2.6 * cloud).sin().abs()
    vein = ramp(0.28, 0.0, wave)
    white = mix(colour(0.95, 0.94, 0.92), colour(0.88, 0.92, 0.94), rays.chance(5))
    base = mix(white, colour(0.80, 0.80, 0.82), ramp(-0.5, 2.0, cloud))
    ink = mix(colour(0.42, 0.44, 0.50), colour(0.60, 0.48, 0.34), rays.chance(6))
    return Painting(rays, mix(base, ink, vein * (0.45 + 0.2 * cloud).clamp(0.1, 0.9)), DISTANCE)


def mosaic_tiles(rays: Rays) -> Painting:
    column, row, u, v = _cells(rays, 48, 48, 0.0)
    tone = cell_random([column, row], rays.seed(2))
    turn = rays.chance(3) + 0.45 * (tone * 4).floor() / 4
    tile = hue(turn, 0.62, 0.9) * (0.8 + 0.25 * cell_random([row, column], rays.seed(4)))
    plain = mix(tile, colour(0.96, 0.95, 0.90), (tone > 0.8).float())
    shape = _joint(rays, u, v, 48, 48, 0.010)
    return Painting(rays, mix(colour(0.86, 0.84, 0.80), plain, shape), DISTANCE)


def paint_splatter(rays: Rays) -> Painting:
    painting = Painting(rays, colour(0.96, 0.95, 0.93), DISTANCE)
    turn = rays.chance(0)
    for index in range(4):
        blob = surface(rays, "smooth", 1 + index % 2, 2 + 2 * index)
        ragged = surface(rays, "fractal", 4, 10 + 2 * index)
        shape = ramp(0.62, 0.80, blob + 0.35 * ragged)
        painting.over(hue(turn + 0.27 * index, 0.85, 0.95), DISTANCE, shape)
    return painting


def mossy_stone(rays: Rays) -> Painting:
    column, row, u, v = _cells(rays, 14, 24, 0.5)
    tone = cell_random([column, row], rays.seed(2))
    rough = surface(rays, "fractal", 4, 3)
    stone = choose(
        [colour(0.58, 0.58, 0.56), colour(0.50, 0.52, 0.52), colour(0.62, 0.58, 0.52)], tone
    )
    stone = stone * (1 + 0.12 * rough)
    shape = _joint(rays, u, v, 14, 24, 0.016)
    wall = mix(colour(0.26, 0.27, 0.22), stone, shape)
    moss = ramp(0.1, 0.7, surface(rays, "fractal", 2, 5) + 0.3 * (1 - shape))
    green = mix(colour(0.24, 0.42, 0.14), colour(0.46, 0.60, 0.22), torch.sigmoid(2 * rough))
    return Painting(rays, mix(wall, green, moss * 0.9), DISTANCE)
