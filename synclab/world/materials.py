"""Materials that wrap solids: colour as a function of the point on the surface."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from .noise import HASHES, cell_random, solid_noise
from .palette import choose, colour, hue, mix
from .rays import edge, ramp


@dataclass(frozen=True)
class Surface:
    """Points on the surfaces of n solids of radius 1, in the solid's own axes.

    x, y, z: (n, 1, h, w); normal: its three components; pixel: the size of a pixel there;
    chance: (n, k) uniform numbers that the materials share out.
    """

    x: Tensor
    y: Tensor
    z: Tensor
    normal: tuple[Tensor, Tensor, Tensor]
    pixel: float
    chance: Tensor

    def number(self, index: int) -> Tensor:
        """Uniform number (n, 1, 1, 1) of each solid."""
        return self.chance[:, index % self.chance.shape[1]].view(-1, 1, 1, 1)

    def seed(self, index: int) -> Tensor:
        """Hash seed (n, 1, 1, 1) of each solid."""
        return (self.number(index) * HASHES).long() + 17 * index

    def noise(self, tile: str, period: float, seed: int) -> Tensor:
        """Noise in space (n, 1, h, w); `period` is the length of a tile."""
        shift = (self.number(seed + axis) for axis in range(3))
        return solid_noise(
            tile, *(p / period + s for p, s in zip((self.x, self.y, self.z), shift, strict=True))
        )

    @cached_property
    def side(self) -> Tensor:
        """The axis 0, 1 or 2 that the surface faces most: (n, 1, h, w)."""
        return torch.stack([part.abs() for part in self.normal]).argmax(0)

    @cached_property
    def flat(self) -> tuple[Tensor, Tensor]:
        """Position u, v (n, 1, h, w) on the faces of a cube around the solid; v is up on the four
        upright faces.
        """
        u = torch.where(self.side == 0, self.z, self.x)
        v = torch.where(self.side == 1, self.z, self.y)
        return u, v


@dataclass(frozen=True)
class Cells:
    """Cells of a grid on the faces of the cube: whole numbers, position inside, sizes.

    column, row, u, v: (n, 1, h, w), u and v in [0, 1); width, height: of a cell.
    """

    surface: Surface
    column: Tensor
    row: Tensor
    u: Tensor
    v: Tensor
    width: float
    height: float

    def random(self, seed: int) -> Tensor:
        """Uniform number (n, 1, h, w) of each cell."""
        cell = [self.column + 500, self.row + 500, self.surface.side]
        return cell_random(cell, self.surface.seed(seed))

    def row_random(self, seed: int) -> Tensor:
        return cell_random([self.row + 500, self.surface.side], self.surface.seed(seed))

    def inside(self, gap: float) -> Tensor:
        """Coverage by the cell without its joints, which are 2 `gap` wide."""
        right = (0.5 - (self.u - 0.5).abs()) * self.width
        up = (0.5 - (self.v - 0.5).abs()) * self.height
        return edge(right - gap, self.surface.pixel) * edge(up - gap, self.surface.pixel)


def cells(surface: Surface, width: float, height: float, stagger: float = 0.0) -> Cells:
    u, v = surface.flat
    v = v / height + surface.number(0)
    row = v.floor()
    u = u / width + surface.number(1) + stagger * row
    column = u.floor()
    return Cells(surface, column, row, u - column, v - row, width, height)


def brick_wall(surface: Surface) -> Tensor:
    bricks = cells(surface, 0.34, 0.16, 0.5)
    dark = mix(colour(0.55, 0.22, 0.16), colour(0.50, 0.30, 0.24), surface.number(4))
    brick = mix(dark, colour(0.80, 0.42, 0.30), bricks.random(2) * 0.9)
    brick = brick * (1 + 0.07 * surface.noise("fractal", 1.0, 5))
    return mix(colour(0.78, 0.74, 0.68), brick, bricks.inside(0.012))


def wooden_planks(surface: Surface) -> Tensor:
    planks = cells(surface, 0.9, 0.22, 0.37)
    u, v = surface.flat
    grain = solid_noise("smooth", u * 0.5, v * 3, planks.random(3))
    light = mix(colour(0.78, 0.56, 0.34), colour(0.70, 0.58, 0.46), surface.number(7))
    amount = (0.3 + 0.4 * planks.row_random(2) + 0.14 * grain).clamp(0, 1)
    wood = mix(colour(0.42, 0.26, 0.14), light, amount)
    return mix(colour(0.18, 0.11, 0.07), wood, planks.inside(0.01))


def marble(surface: Surface) -> Tensor:
    cloud = surface.noise("fractal", 1.5, 0)
    turn = (surface.x + 0.6 * surface.y + 0.4 * surface.z) * 3 + 2 * math.pi * surface.number(4)
    vein = ramp(0.28, 0.0, (turn + 1.8 * cloud).sin().abs())
    white = mix(colour(0.95, 0.94, 0.92), colour(0.88, 0.92, 0.94), surface.number(5))
    base = mix(white, colour(0.80, 0.80, 0.82), ramp(-0.5, 2.0, cloud))
    ink = mix(colour(0.42, 0.44, 0.50), colour(0.60, 0.48, 0.34), surface.number(6))
    return mix(base, ink, vein * (0.5 + 0.2 * cloud).clamp(0.1, 0.9))


def mosaic_tiles(surface: Surface) -> Tensor:
    tiles = cells(surface, 0.19, 0.19)
    tone = tiles.random(2)
    tile = hue(surface.number(3) + 0.45 * (tone * 4).floor() / 4, 0.62, 0.9)
    tile = tile * (0.8 + 0.25 * tiles.random(4))
    plain = mix(tile, colour(0.96, 0.95, 0.90), (tone > 0.8).float())
    return mix(colour(0.86, 0.84, 0.80), plain, tiles.inside(0.013))


def paint_splatter(surface: Surface) -> Tensor:
    paint = colour(0.96, 0.95, 0.93)
    for index in range(4):
        blob = surface.noise("smooth", 2.0 if index % 2 else 3.0, 2 + 3 * index)
        ragged = surface.noise("fractal", 1.0, 14 + 3 * index)
        splash = ramp(0.62, 0.80, blob + 0.25 * ragged)
        paint = mix(paint, hue(surface.number(0) + 0.27 * index, 0.85, 0.95), splash)
    return paint


def mossy_stone(surface: Surface) -> Tensor:
    blocks = cells(surface, 0.44, 0.28, 0.5)
    rough = surface.noise("fractal", 1.0, 3)
    greys = [colour(0.58, 0.58, 0.56), colour(0.50, 0.52, 0.52), colour(0.62, 0.58, 0.52)]
    rock = choose(greys, blocks.random(2)) * (1 + 0.12 * rough)
    joints = 1 - blocks.inside(0.018)
    moss = ramp(0.1, 0.7, surface.noise("fractal", 2.0, 6) + 0.3 * joints)
    green = mix(colour(0.24, 0.42, 0.14), colour(0.46, 0.60, 0.22), torch.sigmoid(2 * rough))
    return mix(mix(rock, colour(0.26, 0.27, 0.22), joints), green, moss * 0.9)


def fabric(surface: Surface) -> Tensor:
    """A checked weave of two threads, each over and under the other."""
    threads = cells(surface, 0.11, 0.11)
    over = (threads.column + threads.row) % 2 == 0
    across = torch.where(over, threads.u, threads.v)
    curve = 1 - 0.35 * (2 * across - 1).square()
    first = hue(surface.number(2), 0.7, 0.78)
    second = mix(hue(surface.number(4), 0.5, 0.9), colour(0.93, 0.90, 0.82), 0.6)
    stripe = (torch.where(over, threads.column, threads.row) / 4).floor() % 2
    return mix(first, second, stripe) * curve * (1 + 0.05 * surface.noise("fractal", 1.0, 6))


def rust(surface: Surface) -> Tensor:
    """Iron that rust has eaten in places."""
    patch = surface.noise("fractal", 1.8, 0)
    pitted = surface.noise("smooth", 0.8, 3)
    iron = colour(0.44, 0.46, 0.49) * (1 + 0.08 * pitted)
    bright = mix(colour(0.72, 0.36, 0.14), colour(0.82, 0.48, 0.20), ramp(-1, 1, pitted))
    eaten = mix(bright, colour(0.38, 0.18, 0.10), ramp(0.2, 1.4, patch + 0.4 * pitted))
    return mix(iron, eaten, ramp(-0.9, -0.2, patch + 0.3 * pitted + surface.number(6) - 0.5))


def stone(surface: Surface) -> Tensor:
    """Granite: grains of two tones on grey rock, with cracks."""
    base = mix(colour(0.60, 0.58, 0.55), colour(0.66, 0.55, 0.50), surface.number(0))
    base = base * (1 + 0.10 * surface.noise("fractal", 2.0, 1))
    grains = surface.noise("smooth", 0.45, 4)
    rock = mix(base, colour(0.30, 0.30, 0.32), ramp(0.7, 1.1, grains))
    rock = mix(rock, colour(0.90, 0.88, 0.85), ramp(-0.9, -1.3, grains))
    crack = ramp(0.16, 0.02, surface.noise("fractal", 3.0, 7).abs())
    return mix(rock, colour(0.22, 0.21, 0.20), 0.6 * crack)


def leaves(surface: Surface) -> Tensor:
    """Leaves of one season that lie over each other."""
    autumn = (surface.number(0) < 0.5).float()
    foliage = mix(colour(0.10, 0.22, 0.06), colour(0.28, 0.14, 0.05), autumn)
    for layer in range(5):
        grid = cells(surface, 0.30 + 0.02 * layer, 0.26, 0.5 + 0.13 * layer)
        turn = 2 * math.pi * grid.random(3 + 5 * layer)
        x = (grid.u - 0.3 - 0.4 * grid.random(4 + 5 * layer)) * grid.width
        y = (grid.v - 0.3 - 0.4 * grid.random(5 + 5 * layer)) * grid.height
        along, across = x * turn.cos() + y * turn.sin(), y * turn.cos() - x * turn.sin()
        shape = 0.065 * (1 - (along / 0.14).square()).clamp_min(-1) - across.abs()
        tone = grid.random(6 + 5 * layer)
        green = mix(colour(0.20, 0.42, 0.10), colour(0.55, 0.72, 0.24), tone)
        warm = mix(colour(0.72, 0.20, 0.10), colour(0.95, 0.72, 0.20), tone)
        leaf = mix(green, warm, autumn) * (1 - 0.3 * edge(0.006 - across.abs(), surface.pixel))
        foliage = mix(foliage, leaf, edge(shape, surface.pixel))
    return foliage


def wood(surface: Surface) -> Tensor:
    """A block of wood: rings around a tilted axis, cut by the surface."""
    bend = surface.noise("smooth", 3.0, 0)
    x = surface.x + 0.25 * surface.y + 0.06 * bend + 0.5 * (surface.number(3) - 0.5)
    z = surface.z + 0.15 * surface.y + 0.06 * bend + 0.5 * (surface.number(4) - 0.5)
    rings = ((x.square() + z.square()).sqrt() / 0.16) % 1
    grain = surface.noise("fractal", 1.2, 5)
    light = mix(colour(0.80, 0.60, 0.38), colour(0.62, 0.42, 0.26), surface.number(6))
    amount = ramp(0.1, 0.9, rings) * ramp(1.0, 0.9, rings)
    return mix(light, light * colour(0.60, 0.50, 0.42), amount) * (1 + 0.06 * grain)


MATERIALS: dict[str, Callable[[Surface], Tensor]] = {
    "brick wall": brick_wall,
    "wooden planks": wooden_planks,
    "marble": marble,
    "mosaic tiles": mosaic_tiles,
    "paint splatter": paint_splatter,
    "mossy stone": mossy_stone,
    "fabric": fabric,
    "rust": rust,
    "stone": stone,
    "leaves": leaves,
    "wood": wood,
}
"""The world's textures, wrapped around solids, and further materials."""
