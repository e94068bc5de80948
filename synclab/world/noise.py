"""Periodic noise tiles with blurred copies, so that distant detail fades to its mean smoothly."""

import functools

import torch
from torch import Tensor
from torch.nn import functional

SIZE = 256
LEVELS = 6
HASHES = 4096


def noise(tile: str, u: Tensor, v: Tensor, footprint: Tensor | float) -> Tensor:
    """Zero-mean, unit-deviation noise at (u, v), blurred to the given footprint.

    Args:
        tile: "fractal", "smooth", "veins" or "peaks".
        u, v: (n, 1, h, w) position in tile periods (the noise repeats at every integer).
        footprint: size of a pixel in tile periods, a float or broadcastable to u.

    Returns: (n, 1, h, w).
    """
    u, v = torch.broadcast_tensors(u, v)
    texels = torch.as_tensor(footprint, dtype=u.dtype).clamp_min(1e-6) * SIZE
    level = (torch.log2(texels) + 0.5).clamp(0, LEVELS)
    depth = (level * (2 / (LEVELS - 1)) - 1).clamp_max(1.0).expand_as(u)
    grid = torch.stack([(u % 1) * 2 - 1, (v % 1) * 2 - 1, depth], -1)
    volume = _volume(tile).expand(u.shape[0], -1, -1, -1, -1)
    found = functional.grid_sample(volume, grid, padding_mode="border", align_corners=True)[:, :, 0]
    return found * (LEVELS - level).clamp(0, 1)


def cell_random(cells: list[Tensor], seed: Tensor) -> Tensor:
    """Uniform [0, 1) number for each integer cell: a chained permutation, exact on any machine."""
    order, values = _hash_tables()
    index = seed
    for cell in cells:
        index = order[(index + cell.long()) % HASHES]
    return values[index]


@functools.cache
def _hash_tables() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(11)
    order = torch.randperm(HASHES, generator=generator)
    return order, torch.rand(HASHES, generator=generator)


@functools.cache
def _volume(tile: str) -> Tensor:
    """One tile and its blurred levels: (1, 1, LEVELS, SIZE + 1, SIZE + 1), first texel repeated."""
    image = _TILES[tile](torch.Generator().manual_seed(7))
    image = (image - image.mean()) / image.std()
    radius = _radius()
    blurs = [0.8] + [0.5 * 2**level for level in range(1, LEVELS)]
    spectrum = torch.fft.fft2(image)
    attenuate = [torch.exp(-2 * (torch.pi * radius * blur / SIZE) ** 2) for blur in blurs]
    stack = torch.stack([torch.fft.ifft2(spectrum * a).real for a in attenuate])
    return functional.pad(stack[None], (0, 1, 0, 1), mode="circular")[None].contiguous()


def _radius() -> Tensor:
    frequency = torch.fft.fftfreq(SIZE) * SIZE
    return (frequency[:, None] ** 2 + frequency[None] ** 2).sqrt()


def _filtered(generator: torch.Generator, gain: Tensor) -> Tensor:
    white = torch.randn(SIZE, SIZE, generator=generator)
    image = torch.fft.ifft2(torch.fft.fft2(white) * gain).real
    return image / image.std()


def _band(generator: torch.Generator, frequency: float) -> Tensor:
    """Blobs of one size: about `frequency` periods across the tile."""
    return _filtered(
        generator, torch.exp(-(((_radius() / frequency).log2().clamp_min(-9)) ** 2) * 3)
    )


def _fractal(generator: torch.Generator) -> Tensor:
    radius = _radius().clamp_min(1)
    return _filtered(generator, radius**-1.7 * torch.exp(-((radius / 70) ** 2)))


def _smooth(generator: torch.Generator) -> Tensor:
    return _band(generator, 8)


def _veins(generator: torch.Generator) -> Tensor:
    # Rounded creases: a sharp one would bead where texels are wider than pixels.
    return -(_band(generator, 7).square() + 0.05).pow(0.25)


def _peaks(generator: torch.Generator) -> Tensor:
    octaves = [(3, 1.0), (6, 0.5), (12, 0.25), (24, 0.12)]
    return sum((-gain * _band(generator, f).abs() for f, gain in octaves), torch.zeros(()))


_TILES = {"fractal": _fractal, "smooth": _smooth, "veins": _veins, "peaks": _peaks}


SOLID_SIZE = 64


def solid_noise(tile: str, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    """Zero-mean, unit-deviation noise at points in space.

    Args:
        tile: "fractal" or "smooth".
        x, y, z: (n, 1, h, w) position in tile periods (the noise repeats at every integer). It is
            not blurred with distance, so keep a pixel below a fortieth of a period.

    Returns: (n, 1, h, w).
    """
    where = torch.stack(torch.broadcast_tensors(x, y, z), -1)
    grid = ((where % 1) * 2 - 1).view(1, -1, where.shape[-2], 1, 3)
    found = functional.grid_sample(_solid(tile), grid, padding_mode="border", align_corners=True)
    return found.view(where.shape[:-1])


@functools.cache
def _solid(tile: str) -> Tensor:
    """A periodic volume (1, 1, SOLID_SIZE + 1 three times), first texel repeated."""
    frequency = torch.fft.fftfreq(SOLID_SIZE) * SOLID_SIZE
    square = frequency.square()
    radius = (square[:, None, None] + square[:, None] + square).sqrt().clamp_min(1)
    gain = {
        "fractal": radius**-2.2 * torch.exp(-((radius / 16) ** 2)),
        "smooth": torch.exp(-3 * (radius / 4).log2() ** 2),
    }[tile]
    white = torch.randn((SOLID_SIZE,) * 3, generator=torch.Generator().manual_seed(7))
    image = torch.fft.ifftn(torch.fft.fftn(white) * gain).real
    image = (image - image.mean()) / image.std()
    return functional.pad(image[None, None], (0, 1) * 3, mode="circular")
