"""The three biomes without a time of day: library, cave and coral reef."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from .land import Ground, around, far_haze, ground, ground_noise, surface
from .noise import cell_random
from .palette import choose, colour, hue, mix
from .rays import Painting, Rays, edge, ramp, resolved
from .rows import Row, cones, ring

EYE = 1.6
CEILING = 2.6
SHELF = 0.74
BOOK = 0.17
BOOKS = [
    colour(0.62, 0.16, 0.14),
    colour(0.15, 0.32, 0.45),
    colour(0.18, 0.40, 0.26),
    colour(0.80, 0.62, 0.26),
    colour(0.45, 0.22, 0.35),
    colour(0.82, 0.74, 0.58),
    colour(0.30, 0.20, 0.16),
    colour(0.70, 0.36, 0.16),
]


@dataclass(frozen=True)
class Wall:
    """One pair of facing walls of a room: metres along and above the floor, at each ray."""

    along: Tensor
    height: Tensor
    distance: Tensor
    pixel: Tensor
    side: Tensor


def library(rays: Rays) -> Painting:
    x, y, z = _turned(rays)
    first = _wall(rays, x, y, z, 3.4 + 1.2 * rays.chance(20))
    second = _wall(rays, z, y, x, 4.6 + 1.5 * rays.chance(21))
    painting = Painting(rays, _shelves(rays, first, 1), first.distance)
    nearer = edge(1 - second.distance / first.distance, rays.footprint)
    painting.over(_shelves(rays, second, 3), second.distance, nearer)
    walls = torch.minimum(first.distance, second.distance)
    for above, paint in ((False, _wooden_floor), (True, _ceiling)):
        plane = ground(rays, CEILING if above else EYE, above)
        cover = edge(1 - plane.distance / walls, rays.footprint) * plane.alpha
        painting.over(paint(rays, plane), plane.distance, cover)
    return painting


def _turned(rays: Rays) -> tuple[Tensor, Tensor, Tensor]:
    """Ray directions in the frame of the room, which stands at any angle."""
    x, y, z = rays.direction
    turn = rays.chance(22) * 2 * math.pi
    return x * turn.cos() - z * turn.sin(), y, x * turn.sin() + z * turn.cos()


def _wall(rays: Rays, toward: Tensor, up: Tensor, along: Tensor, half: Tensor) -> Wall:
    distance = half / toward.abs().clamp_min(0.02)
    pixel = rays.footprint * distance / toward.abs().clamp_min(0.05).sqrt()
    side = (toward > 0).long()
    return Wall(along * distance, up * distance + EYE, distance, pixel, side)


def _shelves(rays: Rays, wall: Wall, seed: int) -> Tensor:
    """Boards, uprights and rows of books of many colours and heights."""
    bay, level = (wall.along / 1.5).floor(), (wall.height / SHELF).floor()
    inside = wall.height / SHELF - level
    across = wall.along / BOOK
    book = across.floor()
    key = [book + 700, level + 7, wall.side + seed]
    shade = choose(BOOKS, cell_random(key, rays.seed(1)))
    fine = resolved(BOOK, wall.pixel)
    shade = mix(colour(0.50, 0.33, 0.24), shade, 0.25 + 0.75 * fine)
    round_spine = 1 - 0.9 * ((across - book - 0.5).abs() * 2).pow(4) * fine * 0.6
    top = 0.66 + 0.2 * cell_random(key, rays.seed(2))
    gap = colour(0.16, 0.10, 0.07)
    books = mix(gap, shade * round_spine, edge(top - inside, wall.pixel / SHELF))
    wood = mix(colour(0.46, 0.29, 0.16), colour(0.62, 0.42, 0.24), rays.chance(24))
    board = edge(0.10 - inside, wall.pixel / SHELF) + edge(inside - 0.97, wall.pixel / SHELF)
    post = edge(0.07 - (wall.along / 1.5 - bay - 0.5).abs() * 1.5, wall.pixel)
    case = mix(books, wood, torch.maximum(board.clamp(0, 1), post))
    case = _window(wall, case, wood)
    lamp = 0.70 + 0.45 * torch.exp(-((wall.along / 2.5) ** 2 + ((wall.height - 2.2) / 2) ** 2))
    return case * lamp * colour(1.08, 1.0, 0.88)


def _window(wall: Wall, case: Tensor, wood: Tensor) -> Tensor:
    """A tall bright window in the middle of one of the two facing walls."""
    there = wall.side.float()
    right, up = wall.along.abs(), (wall.height - 2.15).abs()
    frame = torch.minimum(0.78 - right, 1.28 - up)
    pane = torch.minimum(0.68 - right, 1.18 - up)
    bars = torch.minimum((right - 0.045), ((wall.height - 2.3).abs() - 0.045))
    sky = mix(colour(0.98, 0.96, 0.86), colour(0.72, 0.88, 1.0), ramp(1.2, 3.2, wall.height))
    glass = edge(torch.minimum(pane, bars), wall.pixel)
    return mix(mix(case, wood, edge(frame, wall.pixel) * there), sky, glass * there)


def _wooden_floor(rays: Rays, plane: Ground) -> Tensor:
    x, z = _in_room(rays, plane)
    plank = (x / 0.42).floor()
    tone = cell_random([plank + 900, (z / 2.4 + plank * 0.37).floor() + 50], rays.seed(3))
    wood = mix(colour(0.48, 0.28, 0.14), colour(0.66, 0.42, 0.22), tone)
    seam = edge(0.03 - ((x / 0.42 - plank) - 0.5).abs().sub(0.5).abs(), plane.pixel / 0.42)
    wood = wood * (1 - 0.4 * seam * resolved(0.42, plane.pixel))
    rug = edge(1.7 - torch.maximum(x.abs(), z.abs() * 0.75), plane.pixel)
    border = edge(1.45 - torch.maximum(x.abs(), z.abs() * 0.75), plane.pixel)
    cloth = mix(colour(0.86, 0.66, 0.34), hue(rays.chance(23) * 0.12 - 0.06, 0.7, 0.55), border)
    return mix(wood, cloth, rug) * (1.1 - 0.05 * plane.distance).clamp_min(0.6)


def _in_room(rays: Rays, plane: Ground) -> tuple[Tensor, Tensor]:
    turn = rays.chance(22) * 2 * math.pi
    x = plane.x * turn.cos() - plane.z * turn.sin()
    return x, plane.x * turn.sin() + plane.z * turn.cos()


def _ceiling(rays: Rays, plane: Ground) -> Tensor:
    x, z = _in_room(rays, plane)
    beam = edge(0.16 - ((x / 1.6 % 1) - 0.5).abs() * 1.6, plane.pixel)
    beam = mix(torch.full_like(beam, 0.2), beam, resolved(1.6, plane.pixel))
    cream = mix(colour(0.86, 0.78, 0.64), colour(0.40, 0.26, 0.15), beam)
    lamp = torch.exp(-(x**2 + z**2) / 1.2)
    return mix(cream * 0.85, colour(1.0, 0.95, 0.78), lamp)


def cave(rays: Rays) -> Painting:
    warm = mix(colour(0.62, 0.44, 0.30), colour(0.52, 0.46, 0.50), rays.chance(20))
    rock = surface(rays, "peaks", 3, 1, 0.8)
    tone = surface(rays, "fractal", 2, 3)
    light = _lantern(rays)
    wall = warm * (0.55 + 0.22 * tone + 0.22 * rock).clamp(0.2, 1.3) * light
    painting = Painting(rays, wall, 11.0 + 1.5 * tone)
    _tunnel(rays, painting)
    roof = ground(rays, 4.5, above=True)
    ceiling = ground_noise(rays, roof, "fractal", 14.0, 5)
    stone = warm * (0.62 + 0.16 * ceiling) * light
    painting.over(stone, roof.distance, ramp(0.40, 0.60, rays.lat + 0.06 * tone))
    _cave_floor(rays, painting, warm, light)
    dark = colour(0.10, 0.08, 0.09)
    for radius, cells, length, seed in ((9.0, 30, 3.2, 8), (5.5, 15, 2.6, 12)):
        shade = warm * light * (0.75 + 0.03 * (9.0 - radius))
        cones(painting, ring(rays, radius, cells, EYE, seed), 0.0, length * 0.35, shade, dark)
        cones(painting, ring(rays, radius, cells, EYE, seed + 2), 6.1, -length, shade, dark)
    return painting


def _lantern(rays: Rays) -> Tensor:
    """Warm light that is strongest around one direction."""
    aside = (rays.lon - rays.number(rays.scenes.sun_longitude)).cos() * rays.lat.cos()
    return mix(colour(0.82, 0.82, 0.98), colour(1.50, 1.22, 0.88), ramp(-0.7, 1.0, aside))


def _tunnel(rays: Rays, painting: Painting) -> None:
    """Dark passages, and one that glows with light from outside."""
    for index, (turn, glow) in enumerate(((0.0, 1.0), (2.2, 0.0), (4.1, 0.0))):
        middle = rays.number(rays.scenes.sun_longitude) + turn
        right = ((rays.lon - middle + math.pi) % (2 * math.pi) - math.pi) / 0.30
        ragged = 0.10 * around(rays, "fractal", 0.6, 24 + index)
        far = (right**2 + ((rays.lat - 0.05) / 0.42) ** 2).sqrt() + ragged
        hole = mix(colour(0.07, 0.06, 0.09), colour(1.0, 0.93, 0.74), glow)
        painting.over(hole, 25.0, edge(1 - far, rays.footprint * 4))
        painting.tint(colour(1.0, 0.8, 0.5), torch.exp(-far * 1.3) * 0.5 * glow)


def _cave_floor(rays: Rays, painting: Painting, warm: Tensor, light: Tensor) -> None:
    plane = ground(rays, EYE)
    bump = ground_noise(rays, plane, "fractal", 12.0, 16)
    floor = warm * (0.62 + 0.16 * bump) * light
    depth = ground_noise(rays, plane, "smooth", 40.0, 18)
    ripple = ground_noise(rays, plane, "veins", 16.0, 21)
    water = colour(0.08, 0.42, 0.50) * (1 + 0.18 * ripple)
    floor = mix(floor, water, ramp(0.1, 0.35, depth))
    cover = ramp(0.13, 0.17, -rays.lat)
    painting.over(floor, plane.distance, cover)


def coral_reef(rays: Rays) -> Painting:
    y = rays.direction[1]
    deep, bright = colour(0.03, 0.28, 0.52), colour(0.45, 0.88, 0.92)
    deep = mix(deep, colour(0.02, 0.38, 0.48), rays.chance(20))
    water = mix(deep, bright, ramp(-0.1, 1.0, y))
    painting = Painting(rays, water, 60.0)
    _rays(rays, painting)
    plane = ground(rays, EYE)
    caustic = ground_noise(rays, plane, "veins", 16.0, 1)
    dune = ground_noise(rays, plane, "fractal", 20.0, 3)
    sand = colour(0.80, 0.80, 0.62) * (0.85 + 0.10 * dune + 0.12 * ramp(0.2, 1.6, caustic))
    painting.over(_watery(rays, sand, plane.distance, deep), plane.distance, plane.alpha)
    for radius, cells, tallest, seed in (
        (20.0, 36, 7.0, 8),
        (11.0, 22, 4.4, 12),
        (5.0, 12, 1.9, 16),
    ):
        row = ring(rays, radius, cells, EYE, seed)
        _corals(rays, painting, row, tallest, deep)
        _fish(rays, painting, ring(rays, radius * 0.9, cells // 2, EYE, seed + 4), deep)
    return painting


def _watery(rays: Rays, shade: Tensor, distance: Tensor, deep: Tensor) -> Tensor:
    haze = far_haze(distance, 30.0)
    return mix(shade * colour(0.86, 1.0, 1.02), mix(deep, colour(0.18, 0.58, 0.72), 0.5), haze)


def _rays(rays: Rays, painting: Painting) -> None:
    """Slanting shafts of sunlight that fan out from the surface."""
    shaft = ramp(0.0, 1.6, around(rays, "smooth", 0.35, 22))
    painting.tint(colour(0.75, 1.0, 0.96), shaft * ramp(-0.05, 0.7, rays.lat) * 0.4)


def _corals(rays: Rays, painting: Painting, row: Row, tallest: float, deep: Tensor) -> None:
    """Domes, fans and branches; each cell grows one of them."""
    shape = row.random(1)
    top = tallest * (0.35 + 0.65 * row.random(2))
    half = row.width * (0.34 + 0.14 * row.random(3))
    zero = torch.zeros_like(top)
    dome = row.ellipse(zero, zero - 0.1, half, top * 0.6)
    fan = row.ellipse(zero, top * 0.55, half * 0.8, top * 0.45)
    fan = torch.maximum(fan, row.box(-half * 0.12, half * 0.12, zero - 0.5, top * 0.4))
    cover = torch.where(
        shape < 0.45, dome, torch.where(shape < 0.65, fan, _branches(row, top, half))
    )
    shade = choose(
        [
            colour(1.0, 0.42, 0.40),
            colour(1.0, 0.62, 0.22),
            colour(0.92, 0.36, 0.66),
            colour(0.62, 0.42, 0.86),
            colour(0.98, 0.84, 0.35),
            colour(0.42, 0.76, 0.45),
        ],
        row.random(4),
    )
    shade = shade * (0.65 + 0.5 * ramp(0.0, 1.0, row.height / top))
    cover = cover * edge(row.height + 0.1, row.pixel)
    painting.over(_watery(rays, shade, row.distance, deep), row.distance, cover)


def _branches(row: Row, top: Tensor, half: Tensor) -> Tensor:
    """Five fingers that spread from one foot."""
    share = (row.height / top).clamp(0, 1)
    spread = row.along / (half * (0.35 + 0.65 * share))
    finger = (spread * 2.5 + 0.5) % 1
    thick = half * (0.35 + 0.65 * share) / 2.5
    stem = edge((0.30 - (finger - 0.5).abs()) * thick, row.pixel)
    lean = top * (1 - 0.35 * spread.abs())
    inside = edge(1 - spread.abs(), row.pixel / half) * edge(lean - row.height, row.pixel)
    return torch.maximum(stem, ramp(0.3, 0.15, share)) * inside


def _fish(rays: Rays, painting: Painting, row: Row, deep: Tensor) -> None:
    """Bright ovals with a tail, one in some cells, at any height."""
    there = (row.random(1) < 0.7).float()
    half = row.width * (0.12 + 0.08 * row.random(2))
    up = row.width * (0.9 + 1.8 * row.random(3))
    flip = torch.where(row.random(4) < 0.5, -1.0, 1.0)
    body = row.ellipse(torch.zeros_like(half), up, half, half * 0.5)
    back = row.along * flip - half * 0.8
    tail = edge(back * 0.8 - (row.height - up).abs() + 0.1 * half, row.pixel)
    tail = tail * edge(half * 0.6 - back, row.pixel)
    shade = choose(
        [
            colour(1.0, 0.72, 0.10),
            colour(1.0, 0.40, 0.15),
            colour(0.95, 0.95, 0.90),
            colour(0.25, 0.40, 0.95),
        ],
        row.random(5),
    )
    stripe = edge(0.16 - (row.along / half + 0.1).abs(), row.pixel / half)
    shade = mix(shade, colour(0.98, 0.98, 0.98), stripe)
    cover = torch.maximum(body, tail) * there
    painting.over(_watery(rays, shade, row.distance * 0.5, deep), row.distance, cover)
