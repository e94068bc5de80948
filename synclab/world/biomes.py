"""One function for each outdoor biome: it paints a canvas from far to near."""

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
from .view import Canvas, View, edge, ramp, resolved

EYE = 1.8
LAMPS = 14.0  # metres to the ring of street lamps


def desert(view: View) -> Canvas:
    canvas = sky(view)
    light, dark = colour(0.97, 0.80, 0.50), colour(0.74, 0.50, 0.28)
    light = mix(light, colour(0.96, 0.66, 0.42), view.chance(20))
    for distance, rise, seed, haze in ((400.0, 0.11, 8, 0.35), (150.0, 0.06, 10, 0.15)):
        crest = around(view, "smooth", 0.16, seed)
        top = rise * (0.55 + 0.45 * crest.clamp(-1, 2))
        lee = ramp(-0.3, 0.6, around(view, "smooth", 0.32, seed + 1) + 4 * (view.lat - top))
        lay_ridge(view, canvas, top, mix(dark, light, lee), distance, haze)
    plane = ground(view, EYE)
    bend = ground_noise(view, plane, "fractal", 40.0, 12)
    phase = plane.x * 0.75 + plane.z * 0.3 + 2.2 * bend
    wave = phase.sin() * resolved(8.0, plane.pixel)
    sand = mix(light, dark, (0.38 + 0.24 * wave + 0.16 * bend).clamp(0, 1))
    lay_ground(view, canvas, plane, sand, 220.0)
    cacti(canvas, ring(view, 26.0, 16, EYE, 14), 0.4)
    cacti(canvas, ring(view, 13.0, 7, EYE, 16), 0.4)
    return canvas


def mountains(view: View) -> Canvas:
    canvas = sky(view)
    layers = ((900.0, 0.54, 0.15, 8, 0.45), (600.0, 0.44, 0.22, 10, 0.15))
    for distance, rise, radius, seed, haze in layers:
        peak = around(view, "peaks", radius, seed)
        top = rise * (0.50 + 0.23 * peak).clamp_min(0.1) * (0.8 + 0.5 * view.chance(20))
        share = view.lat / top
        fold = relief(view, "peaks", 4, seed + 1, 0.6)
        crag = surface(view, "peaks", 4, seed + 1, 0.6)
        face = mix(colour(0.24, 0.27, 0.36), colour(0.56, 0.54, 0.56), ramp(-0.7, 0.7, fold))
        snow = mix(colour(0.58, 0.69, 0.88), colour(0.98, 0.98, 1.0), ramp(-0.5, 0.4, fold))
        cover = ramp(0.38, 0.46, share + 0.14 * crag + 0.05 * fold)
        lay_ridge(view, canvas, top, mix(face, snow, cover), distance, haze)
    plane = ground(view, EYE)
    drift = ground_noise(view, plane, "fractal", 26.0, 12)
    wave = (plane.x * 0.9 + plane.z * 0.5 + 1.8 * drift).sin() * resolved(6.0, plane.pixel)
    shade = ramp(-1.2, 1.0, 0.6 * drift + 0.5 * wave)
    snow = mix(colour(0.66, 0.76, 0.93), colour(0.95, 0.97, 1.0), shade)
    lay_ground(view, canvas, plane, snow, 500.0)
    conifers(canvas, ring(view, 90.0, 96, EYE, 14), 11.0, 0.3, snow=0.7)
    conifers(canvas, ring(view, 34.0, 30, EYE, 18), 8.5, 0.1, snow=0.7, share=0.6)
    return canvas


def ocean(view: View) -> Canvas:
    canvas = sky(view)
    island = around(view, "fractal", 0.2, 8)
    top = 0.05 * (island - 0.6).clamp_min(-0.2)
    lay_ridge(view, canvas, top, colour(0.30, 0.42, 0.42), 800.0, 0.5)
    plane = ground(view, 3.0)
    deep, shallow = colour(0.02, 0.22, 0.44), colour(0.08, 0.50, 0.62)
    shallow = mix(shallow, colour(0.10, 0.62, 0.58), view.chance(20))
    swell = ground_noise(view, plane, "smooth", 34.0, 10, 2.0)
    chop = ground_noise(view, plane, "veins", 30.0, 12, 1.6)
    water = mix(deep, shallow, (0.45 + 0.22 * swell + 0.12 * chop).clamp(0, 1))
    water = water * view.at_time(LIGHT)
    mirror = ramp(0.45, 0.0, -view.lat) * 0.45 + 0.22
    water = mix(water, mix(view.at_time(MIDDLE), view.at_time(HORIZON), 0.4), mirror)
    foam = ramp(0.9, 1.7, chop + 0.5 * swell) * 0.55
    water = mix(water, view.at_time(LIGHT), foam)
    canvas.over(water, plane.distance, plane.alpha)
    _glitter(view, canvas, swell, plane.alpha)
    return canvas


def _glitter(view: View, canvas: Canvas, swell: Tensor, alpha: Tensor) -> None:
    """The path of light on water below the sun or the moon."""
    aside = (view.lon - view.number(view.scenes.sun_longitude)).cos()
    night = view.is_time(2)
    there = mix(torch.ones(()), view.number(view.scenes.moon) * 0.7, night)
    path = ramp(0.955, 1.0, aside) * ramp(-0.9, 0.9, swell) * ramp(1.2, 0.1, -view.lat)
    canvas.tint(view.at_time(SUN), path * alpha * there * (0.45 + 0.4 * view.is_time(1)))


def meadow(view: View) -> Canvas:
    canvas = sky(view)
    for distance, rise, seed, haze in ((500.0, 0.13, 8, 0.45), (200.0, 0.07, 10, 0.2)):
        top = rise * (0.5 + 0.4 * around(view, "smooth", 0.13, seed))
        lay_ridge(view, canvas, top, colour(0.34, 0.58, 0.28), distance, haze)
    plane = ground(view, EYE)
    patch = ground_noise(view, plane, "fractal", 36.0, 12)
    grass = mix(colour(0.24, 0.50, 0.12), colour(0.56, 0.76, 0.24), ramp(-1.3, 1.3, patch))
    lay_ground(view, canvas, plane, grass, 300.0)
    round_trees(canvas, ring(view, 70.0, 44, EYE, 14), 9.0, 0.25, 0.45)
    round_trees(canvas, ring(view, 28.0, 14, EYE, 16), 7.5, 0.05, 0.25)
    _flowers(view, canvas)
    return canvas


def _flowers(view: View, canvas: Canvas) -> None:
    """Beds of blossoms of two colours, near enough to be seen one by one."""
    plane = ground(view, EYE)
    bed = ground_noise(view, plane, "fractal", 24.0, 22)
    for seed, shift in ((24, 0.0), (26, 0.35)):
        dot = ground_noise(view, plane, "smooth", 4.5, seed)
        shade = hue(view.chance(21) + shift + 0 * bed, 0.75, 1.0)
        shade = mix(shade, colour(1.0, 0.95, 0.6), 0.2)
        amount = ramp(0.9, 1.5, dot) * ramp(-0.6, 0.4, bed) * ramp(0.0, 0.1, -view.lat)
        canvas.tint(shade * view.at_time(LIGHT), amount * 0.95)
        bed = -bed


def forest(view: View) -> Canvas:
    canvas = sky(view)
    top = 0.13 + 0.02 * around(view, "fractal", 0.5, 8)
    lay_ridge(view, canvas, top, colour(0.20, 0.38, 0.28), 120.0, 0.45)
    plane = ground(view, EYE)
    moss = ground_noise(view, plane, "fractal", 18.0, 10)
    dapple = ground_noise(view, plane, "smooth", 16.0, 12)
    floor = mix(colour(0.34, 0.25, 0.15), colour(0.26, 0.40, 0.14), ramp(-0.7, 0.7, moss))
    floor = floor * (0.85 + 0.35 * ramp(0.2, 1.2, dapple))
    lay_ground(view, canvas, plane, floor, 120.0)
    rows = ((60.0, 80, 15.0, 0.38), (34.0, 48, 14.0, 0.20), (18.0, 28, 12.5, 0.08))
    for index, (radius, cells, tallest, haze) in enumerate(rows):
        conifers(canvas, ring(view, radius, cells, EYE, 14 + index), tallest, haze)
    conifers(canvas, ring(view, 9.0, 11, EYE, 18), 9.0, 0.0)
    return canvas


def city(view: View) -> Canvas:
    canvas = sky(view)
    plane = ground(view, EYE)
    tone = ground_noise(view, plane, "fractal", 30.0, 12)
    street = colour(0.36, 0.37, 0.40) * (1 + 0.08 * tone)
    lay_ground(view, canvas, plane, _road(view, plane, street), 200.0)
    _city_glow(view, canvas)
    rows = ((170.0, 44, 95.0, 0.45, 12.0), (85.0, 30, 52.0, 0.22, 6.0), (42.0, 18, 26.0, 0.04, 4.2))
    for index, (radius, cells, tallest, haze, floor) in enumerate(rows):
        buildings(canvas, ring(view, radius, cells, EYE, 14 + index), tallest, haze, floor)
    street_lamps(canvas, ring(view, LAMPS, 16, EYE, 24))
    _lamp_light(view, canvas, plane)
    return canvas


def _city_glow(view: View, canvas: Canvas) -> None:
    """The warm haze of a city's lights above its roofs at night."""
    canvas.tint(colour(0.86, 0.50, 0.42), 0.5 * view.is_time(2) * ramp(0.75, 0.0, view.lat.abs()))


def _lamp_light(view: View, canvas: Canvas, plane: Ground) -> None:
    """Pools of warm light on the street below the lamps at night."""
    level = (plane.x**2 + plane.z**2).sqrt()
    turns = view.lon / (2 * torch.pi) * 16 + view.chance(24) * 16
    aside = (turns - turns.floor() - 0.5) * (2 * torch.pi * LAMPS / 16)
    pool = torch.exp(-(((level - LAMPS) / 4.0) ** 2) - (aside / 3.0) ** 2)
    canvas.tint(colour(1.0, 0.78, 0.45), pool * plane.alpha * 0.75 * view.is_time(2))


def _road(view: View, plane: Ground, street: Tensor) -> Tensor:
    """Pavements beside a road that passes the camera, with a dashed middle line."""
    turn = view.chance(20) * 6.2832
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
    return mix(street, colour(0.96, 0.94, 0.84), line * ramp(0.0, 0.15, -view.lat))


def _joints(position: Tensor, period: float, pixel: Tensor) -> Tensor:
    """Coverage by thin lines `period` metres apart, gone where they are too fine to draw."""
    far = ((position / period) % 1 - 0.5).abs() * period
    return edge(0.04 - (period / 2 - far), pixel) * resolved(period, pixel)


def canyon(view: View) -> Canvas:
    canvas = sky(view)
    layers = ((500.0, 0.36, 0.20, 8, 0.28), (140.0, 0.62, 0.13, 10, 0.04))
    for distance, rise, radius, seed, haze in layers:
        crest = around(view, "fractal", radius, seed)
        top = rise * (0.34 + 0.34 * ramp(-0.4, 0.1, crest) + 0.34 * ramp(0.5, 0.9, crest))
        top = top + 0.012 * crest
        lay_ridge(view, canvas, top, _strata(view, seed, 26.0 / rise * 0.4), distance, haze)
    plane = ground(view, EYE)
    stone = ground_noise(view, plane, "fractal", 22.0, 12)
    crack = ground_noise(view, plane, "veins", 26.0, 14)
    rock = mix(colour(0.62, 0.30, 0.17), colour(0.90, 0.56, 0.34), ramp(-1.2, 1.2, stone))
    rock = rock * (1 - 0.35 * ramp(0.75, 1.6, crack))
    lay_ground(view, canvas, plane, rock, 400.0)
    return canvas


def _strata(view: View, seed: int, bands: float) -> Tensor:
    """Layered rock: bands of colour by height, bent a little, with upright shadows."""
    bend = surface(view, "fractal", 2, seed + 2, 0.6)
    crag = surface(view, "peaks", 5, seed + 3, 0.25)
    level = view.lat * bands + 0.5 * bend
    period = 2 * torch.pi / bands
    wave = (level.sin() + 0.6 * (level * 2.7).sin()) * resolved(period / 2.7, view.footprint)
    rock = mix(colour(0.58, 0.24, 0.15), colour(0.93, 0.58, 0.34), (0.5 + 0.3 * wave).clamp(0, 1))
    return rock * (0.72 + 0.36 * ramp(-1.0, 0.8, crag))


def alien_planet(view: View) -> Canvas:
    turn = view.chance(20)
    canvas = sky(view, tint=hue(turn, 0.75, 1.0))
    _giant(view, canvas, turn + 0.45)
    top = 0.10 + 0.06 * around(view, "peaks", 0.3, 8)
    rock = hue(turn + 0.35, 0.55, 0.55)
    lay_ridge(view, canvas, top, rock, 500.0, 0.35)
    plane = ground(view, EYE)
    patch = ground_noise(view, plane, "fractal", 26.0, 10)
    soil = mix(hue(turn + 0.5, 0.55, 0.42), hue(turn + 0.38, 0.5, 0.78), ramp(-1, 1, patch))
    lay_ground(view, canvas, plane, soil, 260.0)
    vein = ground_noise(view, plane, "veins", 30.0, 12)
    glow = ramp(0.7, 1.5, vein) * plane.alpha * ramp(0.02, 0.2, -view.lat)
    canvas.tint(hue(turn + 0.8, 0.6, 1.0), glow * 0.8)
    light, haze = view.at_time(LIGHT), view.at_time(HAZE)
    for radius, cells, tallest, seed in ((80.0, 34, 26.0, 14), (30.0, 15, 11.0, 16)):
        spire = hue(turn + 0.12, 0.5, 0.75) * light
        cones(canvas, ring(view, radius, cells, EYE, seed), -1.0, tallest, spire, haze)
    return canvas


def _giant(view: View, canvas: Canvas, turn: Tensor) -> None:
    """A striped planet that hangs in the sky, with a ring."""
    lon, lat = view.chance(21) * 6.2832 - 3.1416, 0.30 + 0.25 * view.chance(22)
    right = ((view.lon - lon + 3.1416) % 6.2832 - 3.1416) * view.lat.cos()
    up = view.lat - lat
    radius = 0.13 + 0.12 * view.chance(23)
    far = (right**2 + up**2).sqrt()
    band = (up / radius * 7 + 0.8 * right / radius).sin()
    shade = 1.0 - 0.55 * ramp(-0.2, 1.0, (right + 0.6 * up) / radius)
    body = mix(hue(turn, 0.45, 0.95), hue(turn + 0.08, 0.35, 0.75), 0.5 + 0.4 * band) * shade
    canvas.tint(body, edge(radius - far, view.footprint) * 0.9)
    tilt = (right**2 + ((up - 0.3 * right) * 4.5) ** 2).sqrt()
    front = 1 - edge(radius - far, view.footprint) * ramp(-0.01, 0.01, up - 0.3 * right)
    halo = edge(0.22 * radius - (tilt - 1.65 * radius).abs(), view.footprint * 2) * front
    canvas.tint(hue(turn + 0.1, 0.25, 0.95), halo * 0.75)


def village(view: View) -> Canvas:
    canvas = sky(view)
    top = 0.10 + 0.05 * around(view, "smooth", 0.14, 8)
    lay_ridge(view, canvas, top, colour(0.36, 0.52, 0.32), 400.0, 0.4)
    plane = ground(view, EYE)
    patch = ground_noise(view, plane, "fractal", 30.0, 10)
    grass = mix(colour(0.34, 0.52, 0.20), colour(0.52, 0.66, 0.28), ramp(-1.0, 1.0, patch))
    earth = colour(0.78, 0.66, 0.48) * (1 + 0.06 * patch)
    lay_ground(view, canvas, plane, mix(grass, earth, _lane(view, plane)), 250.0)
    round_trees(canvas, ring(view, 60.0, 40, EYE, 22), 9.0, 0.3, 0.5)
    houses(canvas, ring(view, 34.0, 20, EYE, 14), 0.18, 0.8)
    round_trees(canvas, ring(view, 28.0, 22, EYE, 24), 5.5, 0.1, 0.25)
    houses(canvas, ring(view, 15.0, 10, EYE, 16), 0.04, 0.65)
    fences(canvas, ring(view, 9.5, 12, EYE, 18), 0.4)
    return canvas


def _lane(view: View, plane: Ground) -> Tensor:
    """Coverage of the ground by a winding lane that passes the camera, with a ragged verge."""
    turn = view.chance(20) * 6.2832
    across = plane.x * turn.cos() - plane.z * turn.sin()
    along = plane.x * turn.sin() + plane.z * turn.cos()
    bend = 2.5 * (along / 11.0 + 6.2832 * view.chance(21)).sin()
    verge = 0.25 * ground_noise(view, plane, "fractal", 12.0, 12)
    return edge(1.9 + verge - (across - bend).abs(), plane.pixel + 0.1)
