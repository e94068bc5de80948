"""One function for each outdoor biome: it paints a painting from far to near."""

import torch
from torch import Tensor

from .land import (
    Ground,
    around,
    ground,
    ground_noise,
    lay_ground,
    lay_ridge,
    relief,
    surface,
)
from .palette import HAZE, HORIZON, LIGHT, MIDDLE, SUN, colour, hue, mix
from .rays import Painting, Rays, edge, ramp, resolved
from .rows import (
    buildings,
    cacti,
    cones,
    conifers,
    fences,
    houses,
    ring,
    round_trees,
    street_lamps,
)
from .sky import sky

EYE = 1.8
LAMPS = 14.0  # metres to the ring of street lamps


def desert(rays: Rays) -> Painting:
    painting = sky(rays)
    light, dark = colour(0.97, 0.80, 0.50), colour(0.74, 0.50, 0.28)
    light = mix(light, colour(0.96, 0.66, 0.42), rays.chance(20))
    for distance, rise, seed, haze in ((400.0, 0.11, 8, 0.35), (150.0, 0.06, 10, 0.15)):
        crest = around(rays, "smooth", 0.16, seed)
        top = rise * (0.55 + 0.45 * crest.clamp(-1, 2))
        lee = ramp(-0.3, 0.6, around(rays, "smooth", 0.32, seed + 1) + 4 * (rays.lat - top))
        lay_ridge(rays, painting, top, mix(dark, light, lee), distance, haze)
    plane = ground(rays, EYE)
    bend = ground_noise(rays, plane, "fractal", 40.0, 12)
    phase = plane.x * 0.75 + plane.z * 0.3 + 2.2 * bend
    wave = phase.sin() * resolved(8.0, plane.pixel)
    sand = mix(light, dark, (0.38 + 0.24 * wave + 0.16 * bend).clamp(0, 1))
    lay_ground(rays, painting, plane, sand, 220.0)
    cacti(painting, ring(rays, 26.0, 16, EYE, 14), 0.4)
    cacti(painting, ring(rays, 13.0, 7, EYE, 16), 0.4)
    return painting


def mountains(rays: Rays) -> Painting:
    painting = sky(rays)
    layers = ((900.0, 0.54, 0.15, 8, 0.45), (600.0, 0.44, 0.22, 10, 0.15))
    for distance, rise, radius, seed, haze in layers:
        peak = around(rays, "peaks", radius, seed)
        top = rise * (0.50 + 0.23 * peak).clamp_min(0.1) * (0.8 + 0.5 * rays.chance(20))
        share = rays.lat / top
        fold = relief(rays, "peaks", 4, seed + 1, 0.6)
        crag = surface(rays, "peaks", 4, seed + 1, 0.6)
        face = mix(colour(0.24, 0.27, 0.36), colour(0.56, 0.54, 0.56), ramp(-0.7, 0.7, fold))
        snow = mix(colour(0.58, 0.69, 0.88), colour(0.98, 0.98, 1.0), ramp(-0.5, 0.4, fold))
        cover = ramp(0.38, 0.46, share + 0.14 * crag + 0.05 * fold)
        lay_ridge(rays, painting, top, mix(face, snow, cover), distance, haze)
    plane = ground(rays, EYE)
    drift = ground_noise(rays, plane, "fractal", 26.0, 12)
    wave = (plane.x * 0.9 + plane.z * 0.5 + 1.8 * drift).sin() * resolved(6.0, plane.pixel)
    shade = ramp(-1.2, 1.0, 0.6 * drift + 0.5 * wave)
    snow = mix(colour(0.66, 0.76, 0.93), colour(0.95, 0.97, 1.0), shade)
    lay_ground(rays, painting, plane, snow, 500.0)
    conifers(painting, ring(rays, 90.0, 96, EYE, 14), 11.0, 0.3, snow=0.7)
    conifers(painting, ring(rays, 34.0, 30, EYE, 18), 8.5, 0.1, snow=0.7, share=0.6)
    return painting


def ocean(rays: Rays) -> Painting:
    painting = sky(rays)
    island = around(rays, "fractal", 0.2, 8)
    top = 0.05 * (island - 0.6).clamp_min(-0.2)
    lay_ridge(rays, painting, top, colour(0.30, 0.42, 0.42), 800.0, 0.5)
    plane = ground(rays, 3.0)
    deep, shallow = colour(0.02, 0.22, 0.44), colour(0.08, 0.50, 0.62)
    shallow = mix(shallow, colour(0.10, 0.62, 0.58), rays.chance(20))
    swell = ground_noise(rays, plane, "smooth", 34.0, 10, 2.0)
    chop = ground_noise(rays, plane, "veins", 30.0, 12, 1.6)
    water = mix(deep, shallow, (0.45 + 0.22 * swell + 0.12 * chop).clamp(0, 1))
    water = water * rays.at_time(LIGHT)
    mirror = ramp(0.45, 0.0, -rays.lat) * 0.45 + 0.22
    water = mix(water, mix(rays.at_time(MIDDLE), rays.at_time(HORIZON), 0.4), mirror)
    foam = ramp(0.9, 1.7, chop + 0.5 * swell) * 0.55
    water = mix(water, rays.at_time(LIGHT), foam)
    painting.over(water, plane.distance, plane.alpha)
    _glitter(rays, painting, swell, plane.alpha)
    return painting


def _glitter(rays: Rays, painting: Painting, swell: Tensor, alpha: Tensor) -> None:
    """The path of light on water below the sun or the moon."""
    aside = (rays.lon - rays.number(rays.scenes.sun_longitude)).cos()
    night = rays.is_time(2)
    there = mix(torch.ones(()), rays.number(rays.scenes.moon) * 0.7, night)
    path = ramp(0.955, 1.0, aside) * ramp(-0.9, 0.9, swell) * ramp(1.2, 0.1, -rays.lat)
    painting.tint(rays.at_time(SUN), path * alpha * there * (0.45 + 0.4 * rays.is_time(1)))


def meadow(rays: Rays) -> Painting:
    painting = sky(rays)
    for distance, rise, seed, haze in ((500.0, 0.13, 8, 0.45), (200.0, 0.07, 10, 0.2)):
        top = rise * (0.5 + 0.4 * around(rays, "smooth", 0.13, seed))
        lay_ridge(rays, painting, top, colour(0.34, 0.58, 0.28), distance, haze)
    plane = ground(rays, EYE)
    patch = ground_noise(rays, plane, "fractal", 36.0, 12)
    grass = mix(colour(0.24, 0.50, 0.12), colour(0.56, 0.76, 0.24), ramp(-1.3, 1.3, patch))
    lay_ground(rays, painting, plane, grass, 300.0)
    round_trees(painting, ring(rays, 70.0, 44, EYE, 14), 9.0, 0.25, 0.45)
    round_trees(painting, ring(rays, 28.0, 14, EYE, 16), 7.5, 0.05, 0.25)
    _flowers(rays, painting)
    return painting


def _flowers(rays: Rays, painting: Painting) -> None:
    """Beds of blossoms of two colours, near enough to be seen one by one."""
    plane = ground(rays, EYE)
    bed = ground_noise(rays, plane, "fractal", 24.0, 22)
    for seed, shift in ((24, 0.0), (26, 0.35)):
        dot = ground_noise(rays, plane, "smooth", 4.5, seed)
        shade = hue(rays.chance(21) + shift + 0 * bed, 0.75, 1.0)
        shade = mix(shade, colour(1.0, 0.95, 0.6), 0.2)
        amount = ramp(0.9, 1.5, dot) * ramp(-0.6, 0.4, bed) * ramp(0.0, 0.1, -rays.lat)
        painting.tint(shade * rays.at_time(LIGHT), amount * 0.95)
        bed = -bed


def forest(rays: Rays) -> Painting:
    painting = sky(rays)
    top = 0.13 + 0.02 * around(rays, "fractal", 0.5, 8)
    lay_ridge(rays, painting, top, colour(0.20, 0.38, 0.28), 120.0, 0.45)
    plane = ground(rays, EYE)
    moss = ground_noise(rays, plane, "fractal", 18.0, 10)
    dapple = ground_noise(rays, plane, "smooth", 16.0, 12)
    floor = mix(colour(0.34, 0.25, 0.15), colour(0.26, 0.40, 0.14), ramp(-0.7, 0.7, moss))
    floor = floor * (0.85 + 0.35 * ramp(0.2, 1.2, dapple))
    lay_ground(rays, painting, plane, floor, 120.0)
    rows = ((60.0, 80, 15.0, 0.38), (34.0, 48, 14.0, 0.20), (18.0, 28, 12.5, 0.08))
    for index, (radius, cells, tallest, haze) in enumerate(rows):
        conifers(painting, ring(rays, radius, cells, EYE, 14 + index), tallest, haze)
    conifers(painting, ring(rays, 9.0, 11, EYE, 18), 9.0, 0.0)
    return painting


def city(rays: Rays) -> Painting:
    painting = sky(rays)
    plane = ground(rays, EYE)
    tone = ground_noise(rays, plane, "fractal", 30.0, 12)
    street = colour(0.36, 0.37, 0.40) * (1 + 0.08 * tone)
    lay_ground(rays, painting, plane, _road(rays, plane, street), 200.0)
    _city_glow(rays, painting)
    rows = ((170.0, 44, 95.0, 0.45, 12.0), (85.0, 30, 52.0, 0.22, 6.0), (42.0, 18, 26.0, 0.04, 4.2))
    for index, (radius, cells, tallest, haze, floor) in enumerate(rows):
        buildings(painting, ring(rays, radius, cells, EYE, 14 + index), tallest, haze, floor)
    street_lamps(painting, ring(rays, LAMPS, 16, EYE, 24))
    _lamp_light(rays, painting, plane)
    return painting


def _city_glow(rays: Rays, painting: Painting) -> None:
    """The warm haze of a city's lights above its roofs at night."""
    painting.tint(colour(0.86, 0.50, 0.42), 0.5 * rays.is_time(2) * ramp(0.75, 0.0, rays.lat.abs()))


def _lamp_light(rays: Rays, painting: Painting, plane: Ground) -> None:
    """Pools of warm light on the street below the lamps at night."""
    level = (plane.x**2 + plane.z**2).sqrt()
    turns = rays.lon / (2 * torch.pi) * 16 + rays.chance(24) * 16
    aside = (turns - turns.floor() - 0.5) * (2 * torch.pi * LAMPS / 16)
    pool = torch.exp(-(((level - LAMPS) / 4.0) ** 2) - (aside / 3.0) ** 2)
    painting.tint(colour(1.0, 0.78, 0.45), pool * plane.alpha * 0.75 * rays.is_time(2))


def _road(rays: Rays, plane: Ground, street: Tensor) -> Tensor:
    """Pavements beside a road that passes the camera, with a dashed middle line."""
    turn = rays.chance(20) * 6.2832
    across = plane.x * turn.cos() - plane.z * turn.sin()
    along = plane.x * turn.sin() + plane.z * turn.cos()
    beside = edge(across.abs() - 4.5, plane.pixel)
    slabs = torch.maximum(_joints(across, 1.5, plane.pixel), _joints(along, 1.5, plane.pixel))
    pavement = colour(0.66, 0.63, 0.60) * (1 - 0.22 * slabs)
    kerb = edge(0.18 - (across.abs() - 4.5).abs(), plane.pixel)
    pavement = mix(pavement, colour(0.82, 0.80, 0.77), kerb)
    street = mix(street, pavement, beside)
    dash = edge((along / 3.0 % 1 - 0.5).abs() - 0.22, plane.pixel / 3.0)
    dash = mix(torch.full_like(dash, 0.55), dash, resolved(3.0, plane.pixel))
    line = edge(0.16 - (across - 1.5).abs(), plane.pixel) * dash
    return mix(street, colour(0.96, 0.94, 0.84), line * ramp(0.0, 0.15, -rays.lat))


def _joints(position: Tensor, period: float, pixel: Tensor) -> Tensor:
    """Coverage by thin lines `period` metres apart, gone where they are too fine to draw."""
    far = ((position / period) % 1 - 0.5).abs() * period
    return edge(0.04 - (period / 2 - far), pixel) * resolved(period, pixel)


def canyon(rays: Rays) -> Painting:
    painting = sky(rays)
    layers = ((500.0, 0.36, 0.20, 8, 0.28), (140.0, 0.62, 0.13, 10, 0.04))
    for distance, rise, radius, seed, haze in layers:
        crest = around(rays, "fractal", radius, seed)
        top = rise * (0.34 + 0.34 * ramp(-0.4, 0.1, crest) + 0.34 * ramp(0.5, 0.9, crest))
        top = top + 0.012 * crest
        lay_ridge(rays, painting, top, _strata(rays, seed, 26.0 / rise * 0.4), distance, haze)
    plane = ground(rays, EYE)
    stone = ground_noise(rays, plane, "fractal", 22.0, 12)
    crack = ground_noise(rays, plane, "veins", 26.0, 14)
    rock = mix(colour(0.62, 0.30, 0.17), colour(0.90, 0.56, 0.34), ramp(-1.2, 1.2, stone))
    rock = rock * (1 - 0.35 * ramp(0.75, 1.6, crack))
    lay_ground(rays, painting, plane, rock, 400.0)
    return painting


def _strata(rays: Rays, seed: int, bands: float) -> Tensor:
    """Layered rock: bands of colour by height, bent a little, with upright shadows."""
    bend = surface(rays, "fractal", 2, seed + 2, 0.6)
    crag = surface(rays, "peaks", 5, seed + 3, 0.25)
    level = rays.lat * bands + 0.5 * bend
    period = 2 * torch.pi / bands
    wave = (level.sin() + 0.6 * (level * 2.7).sin()) * resolved(period / 2.7, rays.footprint)
    rock = mix(colour(0.58, 0.24, 0.15), colour(0.93, 0.58, 0.34), (0.5 + 0.3 * wave).clamp(0, 1))
    return rock * (0.72 + 0.36 * ramp(-1.0, 0.8, crag))


def alien_planet(rays: Rays) -> Painting:
    turn = rays.chance(20)
    painting = sky(rays, tint=hue(turn, 0.75, 1.0))
    _giant(rays, painting, turn + 0.45)
    top = 0.10 + 0.06 * around(rays, "peaks", 0.3, 8)
    rock = hue(turn + 0.35, 0.55, 0.55)
    lay_ridge(rays, painting, top, rock, 500.0, 0.35)
    plane = ground(rays, EYE)
    patch = ground_noise(rays, plane, "fractal", 26.0, 10)
    soil = mix(hue(turn + 0.5, 0.55, 0.42), hue(turn + 0.38, 0.5, 0.78), ramp(-1, 1, patch))
    lay_ground(rays, painting, plane, soil, 260.0)
    vein = ground_noise(rays, plane, "veins", 30.0, 12)
    glow = ramp(0.7, 1.5, vein) * plane.alpha * ramp(0.02, 0.2, -rays.lat)
    painting.tint(hue(turn + 0.8, 0.6, 1.0), glow * 0.8)
    light, haze = rays.at_time(LIGHT), rays.at_time(HAZE)
    for radius, cells, tallest, seed in ((80.0, 34, 26.0, 14), (30.0, 15, 11.0, 16)):
        spire = hue(turn + 0.12, 0.5, 0.75) * light
        cones(painting, ring(rays, radius, cells, EYE, seed), -1.0, tallest, spire, haze)
    return painting


def _giant(rays: Rays, painting: Painting, turn: Tensor) -> None:
    """A striped planet that hangs in the sky, with a ring."""
    lon, lat = rays.chance(21) * 6.2832 - 3.1416, 0.30 + 0.25 * rays.chance(22)
    right = ((rays.lon - lon + 3.1416) % 6.2832 - 3.1416) * rays.lat.cos()
    up = rays.lat - lat
    radius = 0.13 + 0.12 * rays.chance(23)
    far = (right**2 + up**2).sqrt()
    band = (up / radius * 7 + 0.8 * right / radius).sin()
    shade = 1.0 - 0.55 * ramp(-0.2, 1.0, (right + 0.6 * up) / radius)
    body = mix(hue(turn, 0.45, 0.95), hue(turn + 0.08, 0.35, 0.75), 0.5 + 0.4 * band) * shade
    painting.tint(body, edge(radius - far, rays.footprint) * 0.9)
    tilt = (right**2 + ((up - 0.3 * right) * 4.5) ** 2).sqrt()
    front = 1 - edge(radius - far, rays.footprint) * ramp(-0.01, 0.01, up - 0.3 * right)
    halo = edge(0.22 * radius - (tilt - 1.65 * radius).abs(), rays.footprint * 2) * front
    painting.tint(hue(turn + 0.1, 0.25, 0.95), halo * 0.75)


def village(rays: Rays) -> Painting:
    painting = sky(rays)
    top = 0.10 + 0.05 * around(rays, "smooth", 0.14, 8)
    lay_ridge(rays, painting, top, colour(0.36, 0.52, 0.32), 400.0, 0.4)
    plane = ground(rays, EYE)
    patch = ground_noise(rays, plane, "fractal", 30.0, 10)
    grass = mix(colour(0.34, 0.52, 0.20), colour(0.52, 0.66, 0.28), ramp(-1.0, 1.0, patch))
    earth = colour(0.78, 0.66, 0.48) * (1 + 0.06 * patch)
    lay_ground(rays, painting, plane, mix(grass, earth, _lane(rays, plane)), 250.0)
    round_trees(painting, ring(rays, 60.0, 40, EYE, 22), 9.0, 0.3, 0.5)
    houses(painting, ring(rays, 34.0, 20, EYE, 14), 0.18, 0.8)
    round_trees(painting, ring(rays, 28.0, 22, EYE, 24), 5.5, 0.1, 0.25)
    houses(painting, ring(rays, 15.0, 10, EYE, 16), 0.04, 0.65)
    fences(painting, ring(rays, 9.5, 12, EYE, 18), 0.4)
    return painting


def _lane(rays: Rays, plane: Ground) -> Tensor:
    """Coverage of the ground by a winding lane that passes the camera, with a ragged verge."""
    turn = rays.chance(20) * 6.2832
    across = plane.x * turn.cos() - plane.z * turn.sin()
    along = plane.x * turn.sin() + plane.z * turn.cos()
    bend = 2.5 * (along / 11.0 + 6.2832 * rays.chance(21)).sin()
    verge = 0.25 * ground_noise(rays, plane, "fractal", 12.0, 12)
    return edge(1.9 + verge - (across - bend).abs(), plane.pixel + 0.1)
