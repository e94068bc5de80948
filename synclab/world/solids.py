"""Solids of radius 1 as signed distance functions, and their pictures by sphere tracing.

Hart, "Sphere tracing: a geometric method for the antialiased ray tracing of implicit surfaces",
1996.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

STEPS = 34
CAUTION = 0.85
"""Share of the distance that a step goes, because some distances are only nearly exact."""
TOUCH = 0.008
"""Distance below which a ray has met the surface."""

Point = tuple[Tensor, Tensor, Tensor]
"""x, y, z, each (n, h, w)."""

Distance = Callable[[Point, Tensor], Tensor]
"""Signed distance (n, h, w) of points to a solid with proportions (n, 1, 1, 6) in [0, 1)."""


def length(*parts: Tensor) -> Tensor:
    return sum((part.square() for part in parts), torch.zeros(())).clamp_min(1e-12).sqrt()


def ball(p: Point, chance: Tensor) -> Tensor:
    """A sphere; two in three have bumps."""
    far = length(*p)
    bumps = (0.3 * (chance[..., 0] - 1 / 3)).clamp_min(0)
    count = 3 + 3 * chance[..., 1]
    wave = torch.ones_like(far)
    for axis, shift in zip(p, chance[..., 2:5].unbind(-1), strict=True):
        wave = wave * (count * axis / far + 2 * math.pi * shift).sin()
    return far - (1 + bumps * wave) / (1 + bumps)


def ring(p: Point, chance: Tensor) -> Tensor:
    thick = 0.15 + 0.2 * chance[..., 0]
    return length(length(p[0], p[2]) - (1 - thick), p[1]) - thick


def box(p: Point, chance: Tensor) -> Tensor:
    """A box with round edges."""
    half = 0.4 + 0.6 * chance[..., :3]
    half = (half / half.norm(dim=-1, keepdim=True)).unbind(-1)
    rounding = 0.04 + 0.1 * chance[..., 3]
    out = [axis.abs() - side + rounding for axis, side in zip(p, half, strict=True)]
    inside = torch.maximum(torch.maximum(out[0], out[1]), out[2]).clamp_max(0)
    return length(*(each.clamp_min(0) for each in out)) + inside - rounding


def column(p: Point, chance: Tensor) -> Tensor:
    """An upright cylinder with round edges."""
    angle = math.pi / 2 * (0.25 + 0.5 * chance[..., 0])
    rounding = 0.04 + 0.1 * chance[..., 1]
    side = length(p[0], p[2]) - angle.cos() + rounding
    end = p[1].abs() - angle.sin() + rounding
    inside = torch.maximum(side, end).clamp_max(0)
    return length(side.clamp_min(0), end.clamp_min(0)) + inside - rounding


def pebble(p: Point, chance: Tensor) -> Tensor:
    """An ellipsoid."""
    axes = 0.45 + 0.55 * chance[..., :3]
    axes = (axes / axes.amax(-1, keepdim=True)).unbind(-1)
    scaled = [part / axis for part, axis in zip(p, axes, strict=True)]
    level = length(*scaled)
    slope = length(*(part / axis for part, axis in zip(scaled, axes, strict=True)))
    return level * (level - 1) / slope


def blob(p: Point, chance: Tensor) -> Tensor:
    """Three spheres melted together."""
    total = torch.zeros_like(p[0])
    for index in range(3):
        turn = 2 * math.pi * (chance[..., index] / 3 + index / 3)
        rise = 0.6 * (chance[..., 3 + index] - 0.5)
        centre = 0.38 * turn.cos(), rise, 0.38 * turn.sin()
        radius = 0.34 + 0.16 * chance[..., (index + 1) % 3]
        far = length(*(part - at for part, at in zip(p, centre, strict=True))) - radius
        total = total + (-12 * far).exp()
    return -total.clamp_min(1e-12).log() / 12


SOLIDS: dict[str, Distance] = {
    "ball": ball,
    "ring": ring,
    "box": box,
    "column": column,
    "pebble": pebble,
    "blob": blob,
}


@dataclass(frozen=True)
class Touched:
    """Where the rays of n pictures meet a solid.

    hit: (n, h, w) whether they do; point, normal: of the surface there; travelled: (n, h, w)
    distance along the ray, in units of the ray's direction.
    """

    hit: Tensor
    point: Point
    normal: Point
    travelled: Tensor


def trace(solid: Distance, chance: Tensor, origin: Tensor, ray: Tensor) -> Touched:
    """Sphere tracing of rays (n, h, w, 3) from origins (n, 3) outside the unit sphere."""
    start, along = components(origin[:, None, None]), components(ray)
    speed, shape = length(*along), chance[:, None, None]
    travelled = entry(start, along, speed)
    for _ in range(STEPS):
        far = solid(advance(start, along, travelled), shape)
        travelled = travelled + CAUTION * far / speed
    point = advance(start, along, travelled)
    hit = solid(point, shape).abs() < TOUCH
    return Touched(hit, point, gradient(solid, point, shape), travelled)


def components(vector: Tensor) -> Point:
    x, y, z = vector.unbind(-1)
    return x, y, z


def entry(start: Point, along: Point, speed: Tensor) -> Tensor:
    """Where rays enter the sphere of radius 1 around all solids, or come nearest to it."""
    ahead = -sum((a * b for a, b in zip(start, along, strict=True)), torch.zeros(())) / speed
    miss = length(*start).square() - ahead.square()
    return (ahead - (1 - miss).clamp_min(0).sqrt()) / speed


def advance(start: Point, along: Point, travelled: Tensor) -> Point:
    x, y, z = (a + b * travelled for a, b in zip(start, along, strict=True))
    return x, y, z


def gradient(solid: Distance, point: Point, chance: Tensor) -> Point:
    """Unit normals from four distances at the corners of a small tetrahedron."""
    corners = ((1, -1, -1), (-1, -1, 1), (-1, 1, -1), (1, 1, 1))
    total = [torch.zeros_like(point[0]) for _ in point]
    for corner in corners:
        x, y, z = (part + 0.002 * sign for part, sign in zip(point, corner, strict=True))
        far = solid((x, y, z), chance)
        total = [part + sign * far for part, sign in zip(total, corner, strict=True)]
    x, y, z = (part / length(*total) for part in total)
    return x, y, z
