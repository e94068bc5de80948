"""Things that stand in rings around the camera: one object in each of a ring's equal cells."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from .land import hazed
from .noise import cell_random
from .palette import choose, colour, mix
from .rays import Painting, Rays, edge, ramp, resolved


@dataclass(frozen=True)
class Row:
    """A ring of cells: metres from each cell's middle and above the ground, at each ray."""

    rays: Rays
    cell: Tensor
    along: Tensor
    height: Tensor
    pixel: Tensor
    distance: Tensor
    width: float
    seed: int

    def random(self, index: int) -> Tensor:
        """Uniform number of the cell, another for each index."""
        return cell_random([self.cell], self.rays.seed(self.seed + index))

    def box(self, left: Tensor, right: Tensor, low: Tensor, high: Tensor) -> Tensor:
        """Coverage of an upright rectangle in metres."""
        wide = edge((right - left) / 2 - (self.along - (left + right) / 2).abs(), self.pixel)
        return wide * edge((high - low) / 2 - (self.height - (low + high) / 2).abs(), self.pixel)

    def ellipse(self, x: Tensor, y: Tensor, half_width: Tensor, half_height: Tensor) -> Tensor:
        """Coverage of an ellipse in metres."""
        far = (((self.along - x) / half_width) ** 2 + ((self.height - y) / half_height) ** 2).sqrt()
        return edge((1 - far) * torch.minimum(half_width, half_height), self.pixel)


def ring(rays: Rays, radius: float, cells: int, camera_height: float, seed: int) -> Row:
    """Cells around the camera at a level distance of `radius` metres."""
    turns = rays.lon / (2 * math.pi) * cells + rays.chance(seed) * cells
    whole = turns.floor()
    width = 2 * math.pi * radius / cells
    height = rays.slope * radius + camera_height
    pixel = rays.footprint * radius * (1 + rays.slope**2).sqrt()
    distance = radius * (1 + rays.slope**2).sqrt()
    return Row(
        rays, whole % cells, (turns - whole - 0.5) * width, height, pixel, distance, width, seed
    )


def buildings(painting: Painting, row: Row, tallest: float, haze: float, floor: float) -> None:
    """Blocks with a stepped top and a grid of windows, some lit at night."""
    half = row.width * (0.32 + 0.15 * row.random(1))
    top = tallest * (0.3 + 0.7 * row.random(2))
    zero = torch.zeros_like(half)
    body = row.box(-half, half, zero, top)
    step = row.box(-half * 0.6, half * 0.6, zero, top * (1 + 0.25 * row.random(3)))
    wall = choose(
        [
            colour(0.72, 0.60, 0.50),
            colour(0.50, 0.56, 0.66),
            colour(0.80, 0.78, 0.74),
            colour(0.62, 0.42, 0.36),
            colour(0.40, 0.46, 0.52),
        ],
        row.random(4),
    )
    wall = wall * (1 - 0.18 * ramp(-0.4, 0.4, row.along / half))
    seen = _windows(row, hazed(row.rays, wall, haze), half, floor)
    painting.over(seen, row.distance, torch.maximum(body, step))


def _windows(row: Row, wall: Tensor, half: Tensor, floor: float) -> Tensor:
    count = (2 * half / floor).round().clamp_min(2)
    across, up = (row.along / (2 * half) + 0.5) * count, row.height / floor
    column, storey = across.floor(), up.floor()
    pixel = row.pixel / floor
    pane = edge(0.30 - (across - column - 0.5).abs(), pixel)
    pane = pane * edge(0.27 - (up - storey - 0.5).abs(), pixel)
    chance = cell_random([row.cell, column, storey], row.rays.seed(row.seed + 5))
    lit = ramp(0.45, 0.55, chance) * (0.55 + 0.45 * ramp(0.5, 1.0, chance))
    fade = resolved(floor, row.pixel)
    pane = mix(torch.full_like(pane, 0.32), pane, fade)
    lit = mix(torch.full_like(lit, 0.4), lit, fade)
    night = row.rays.is_time(2)
    dusk = (night + 0.6 * row.rays.is_time(1)).clamp(0, 1)
    glass = hazed(row.rays, colour(0.30, 0.44, 0.60), 0.25)
    return mix(wall, mix(glass, colour(1.0, 0.82, 0.42), lit * dusk), pane * 0.85)


def conifers(
    painting: Painting,
    row: Row,
    tallest: float,
    haze: float,
    snow: float = 0.0,
    share: float = 1.0,
) -> None:
    """Pointed trees in tiers, lighter on one side; `share` of the cells hold a tree."""
    there = (row.random(4) < share).float()
    top = tallest * (0.6 + 0.4 * row.random(1))
    half = row.width * (0.36 + 0.12 * row.random(2))
    level = row.height / top
    tier = (level * 5) % 1
    reach = half * (1 - level) * (1.05 - 0.35 * tier * resolved(top / 5, row.pixel))
    tree = edge(reach - row.along.abs(), row.pixel) * edge(row.height - 0.08 * top, row.pixel)
    trunk = row.box(-half * 0.12, half * 0.12, torch.zeros_like(top), top * 0.2)
    green = choose(
        [colour(0.16, 0.36, 0.20), colour(0.22, 0.42, 0.18), colour(0.13, 0.32, 0.25)],
        row.random(3),
    )
    green = green * (1.25 - 0.4 * tier - 0.3 * ramp(-1, 1, row.along / half))
    if snow:
        green = mix(green, colour(0.95, 0.97, 1.0), snow * ramp(0.5, 0.1, tier))
    wood = hazed(row.rays, colour(0.32, 0.22, 0.15), haze)
    painting.over(wood, row.distance, trunk * there)
    painting.over(hazed(row.rays, green, haze), row.distance, tree * there)


def round_trees(painting: Painting, row: Row, tallest: float, haze: float, share: float) -> None:
    """Trunks under crowns of three overlapping ellipses; `share` of the cells hold a tree."""
    there = (row.random(1) < share).float()
    top = tallest * (0.65 + 0.35 * row.random(2))
    half = (top * 0.38).clamp_max(row.width * 0.48)
    zero = torch.zeros_like(top)
    trunk = row.box(-half * 0.13, half * 0.13, zero, top * 0.6)
    painting.over(hazed(row.rays, colour(0.38, 0.26, 0.17), haze), row.distance, trunk * there)
    crown = row.ellipse(zero, top * 0.72, half * 0.75, top * 0.28)
    for side in (-0.42, 0.42):
        crown = torch.maximum(crown, row.ellipse(half * side, top * 0.6, half * 0.55, top * 0.2))
    green = choose(
        [colour(0.30, 0.55, 0.18), colour(0.24, 0.48, 0.20), colour(0.42, 0.58, 0.20)],
        row.random(3),
    )
    green = green * (0.7 + 0.5 * ramp(0.4, 1.0, row.height / top))
    painting.over(hazed(row.rays, green, haze), row.distance, crown * there)


def houses(painting: Painting, row: Row, haze: float, share: float) -> None:
    """Cottages with a gable roof, a chimney, a door and two windows."""
    there = (row.random(1) < share).float()
    half = row.width * (0.30 + 0.08 * row.random(2))
    wall = 2.6 + 0.8 * row.random(3)
    zero = torch.zeros_like(half)
    peak = wall + half * 0.85
    body = row.box(-half * 0.88, half * 0.88, zero, wall + 0.3)
    slant = edge((peak - row.height) / 0.85 - row.along.abs(), row.pixel)
    roof = slant * edge(row.height - wall, row.pixel)
    chimney = row.box(half * 0.4, half * 0.62, wall, peak + 0.3)
    plaster = choose(
        [
            colour(0.95, 0.90, 0.80),
            colour(0.90, 0.78, 0.60),
            colour(0.86, 0.70, 0.62),
            colour(0.80, 0.84, 0.86),
        ],
        row.random(4),
    )
    tile = choose(
        [colour(0.72, 0.28, 0.20), colour(0.55, 0.30, 0.22), colour(0.40, 0.34, 0.40)],
        row.random(5),
    )
    tile = tile * (1.1 - 0.3 * ramp(-0.5, 0.5, row.along / half))
    course = edge(((row.height / 0.45) % 1 - 0.5).abs() - 0.40, row.pixel / 0.45)
    tile = tile * (1 - 0.22 * course * resolved(0.45, row.pixel))
    painting.over(hazed(row.rays, colour(0.55, 0.38, 0.32), haze), row.distance, chimney * there)
    painting.over(hazed(row.rays, plaster, haze), row.distance, body * there)
    painting.over(hazed(row.rays, tile, haze), row.distance, roof * there)
    _openings(painting, row, half, there, haze)


def _openings(painting: Painting, row: Row, half: Tensor, there: Tensor, haze: float) -> None:
    low, zero = torch.full_like(half, 1.1), torch.zeros_like(half)
    door = row.box(-half * 0.16, half * 0.16, zero, zero + 2.0)
    painting.over(hazed(row.rays, colour(0.45, 0.26, 0.16), haze), row.distance, door * there)
    panes, frames = zero, zero
    for side in (-0.55, 0.55):
        left, right = half * (side - 0.17), half * (side + 0.17)
        frames = frames + row.box(left - 0.12, right + 0.12, low - 0.12, low + 1.22)
        panes = panes + row.box(left, right, low, low + 1.1)
        middle = half * side
        panes = panes - row.box(middle - 0.05, middle + 0.05, low, low + 1.1)
    painting.over(hazed(row.rays, colour(0.96, 0.95, 0.92), haze), row.distance, frames * there)
    dusk = (row.rays.is_time(2) + 0.6 * row.rays.is_time(1)).clamp(0, 1)
    glass = hazed(row.rays, colour(0.35, 0.48, 0.62), haze)
    painting.over(
        mix(glass, colour(1.0, 0.82, 0.40), dusk), row.distance, panes.clamp(0, 1) * there
    )


def fences(painting: Painting, row: Row, share: float) -> None:
    """Two rails on posts across `share` of the cells."""
    there = (row.random(1) < share).float()
    half = torch.full_like(row.along, row.width / 2)
    zero = torch.zeros_like(half)
    shape = row.box(-half, half, zero + 0.40, zero + 0.52)
    shape = torch.maximum(shape, row.box(-half, half, zero + 0.76, zero + 0.88))
    for post in (-0.4, -0.2, 0.0, 0.2, 0.4):
        x = row.width * post
        shape = torch.maximum(shape, row.box(zero + x - 0.07, zero + x + 0.07, zero, zero + 1.05))
    painting.over(hazed(row.rays, colour(0.52, 0.38, 0.26), 0.02), row.distance, shape * there)


def street_lamps(painting: Painting, row: Row) -> None:
    """A lamp post in each cell; at night its head shines."""
    zero = torch.zeros_like(row.along)
    post = row.box(zero - 0.07, zero + 0.07, zero, zero + 4.2)
    painting.over(hazed(row.rays, colour(0.20, 0.22, 0.26), 0.05), row.distance, post)
    head = row.ellipse(zero, zero + 4.35, zero + 0.32, zero + 0.26)
    night = (row.rays.is_time(2) + 0.5 * row.rays.is_time(1)).clamp(0, 1)
    shade = mix(hazed(row.rays, colour(0.80, 0.82, 0.84), 0.05), colour(1.0, 0.90, 0.62), night)
    painting.over(shade, row.distance, head)
    far = (row.along**2 + (row.height - 4.35) ** 2).sqrt()
    painting.tint(colour(1.0, 0.80, 0.48), torch.exp(-far / 0.8) * 0.7 * row.rays.is_time(2))


def cacti(painting: Painting, row: Row, share: float) -> None:
    """Columns with one or two raised arms."""
    there = (row.random(1) < share).float()
    top = 2.2 + 2.2 * row.random(2)
    zero = torch.zeros_like(top)
    thick = zero + 0.28
    shape = _capsule(row, zero, zero, top, thick)
    for side, index in ((-1.0, 3), (1.0, 4)):
        arm, elbow = zero + side * 0.85, top * (0.35 + 0.25 * row.random(index))
        shape = torch.maximum(shape, _capsule(row, arm, elbow, elbow + 0.25 * top, thick * 0.75))
        left, right = torch.minimum(arm, zero), torch.maximum(arm, zero)
        shape = torch.maximum(shape, row.box(left, right, elbow - 0.2, elbow + 0.2))
    green = colour(0.28, 0.50, 0.26) * (1.1 - 0.3 * ramp(-0.3, 0.3, row.along))
    painting.over(hazed(row.rays, green, 0.1), row.distance, shape * there)


def _capsule(row: Row, x: Tensor, low: Tensor, high: Tensor, radius: Tensor) -> Tensor:
    beyond = row.height - row.height.clamp(min=low, max=high)
    far = ((row.along - x) ** 2 + beyond**2).sqrt()
    return edge(radius - far, row.pixel)


def cones(
    painting: Painting, row: Row, start: float, longest: float, shade: Tensor, haze: Tensor
) -> None:
    """Spikes from the height `start`: upwards if `longest` > 0 (spires), else hanging down."""
    length = longest * (0.35 + 0.65 * row.random(1))
    half = row.width * (0.15 + 0.25 * row.random(2))
    share = (row.height - start) / length
    reach = half * (1 - share).clamp_min(0).pow(1.3) - 0.02
    shape = edge(reach - row.along.abs(), row.pixel) * edge(1 - share, row.pixel / length.abs())
    shape = shape * edge(share + 0.3, row.pixel / length.abs())
    lit = shade * (1.25 - 0.55 * ramp(-1, 1, row.along / half))
    painting.over(mix(lit, haze, 0.15), row.distance, shape)
