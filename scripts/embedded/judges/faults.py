"""Faults that are planted into views to train the judge: each at a strength between 0 and 1.

A fault takes images (n, 3, h, w) in [0, 1], as many other views, strengths (n, 1, 1, 1) and a
generator. Strength 0 changes nothing. Columns and rows of borders, patches and gains are drawn.
"""

from collections.abc import Callable

import torch
from torch import Generator, Tensor
from torch.nn import functional

from synclab.judges.quality import FAULTS

Fault = Callable[[Tensor, Tensor, Tensor, Generator], Tensor]

BLUR = 3.0  # largest standard deviation of the blur, in pixels
NOISE = 0.2  # of the range
CONTRAST = 0.8  # largest logarithm of the factor
GHOST = 0.5  # largest weight of the other view
GAIN = 0.35  # largest change of a channel's gain
PATCH = (12.0, 72.0)  # side of a patch in pixels of 128, at strength 0 and 1
SPREAD = 4.0  # largest width of a soft border, in pixels


def draw(count: int, low: float, high: float, generator: Generator, channels: int = 1) -> Tensor:
    """A number (n, channels, 1, 1) for each image, uniform between `low` and `high`."""
    return low + (high - low) * torch.rand(count, channels, 1, 1, generator=generator)


def gaussian(images: Tensor, deviation: Tensor, wrap: bool = False) -> Tensor:
    """Blurs every image with its own deviation in pixels (n, 1, 1, 1); borders are repeated.

    wrap: whether the last column meets the first, as in a panorama.
    """
    reach = int(3 * float(deviation.max())) + 1
    across = "circular" if wrap else "replicate"
    padded = functional.pad(images, (reach, reach, 0, 0), mode=across)
    padded = functional.pad(padded, (0, 0, reach, reach), mode="replicate")
    n, c, height, width = padded.shape
    weights = kernel(deviation, reach).repeat_interleave(c, 0)
    flat = padded.reshape(1, n * c, height, width)
    flat = functional.conv2d(flat, weights[:, None, None, :], groups=n * c)
    flat = functional.conv2d(flat, weights[:, None, :, None], groups=n * c)
    return flat.view(images.shape)


def kernel(deviation: Tensor, reach: int) -> Tensor:
    """Normalised Gaussian weights (n, 2 reach + 1)."""
    offset = torch.arange(-reach, reach + 1, dtype=deviation.dtype)
    weights = torch.exp(-0.5 * (offset / deviation.view(-1, 1).clamp_min(1e-3)) ** 2)
    return weights / weights.sum(1, keepdim=True)


def blur(images: Tensor, other: Tensor, strength: Tensor, generator: Generator) -> Tensor:
    return gaussian(images, BLUR * strength)


def noise(images: Tensor, other: Tensor, strength: Tensor, generator: Generator) -> Tensor:
    return images + NOISE * strength * torch.randn(images.shape, generator=generator)


def contrast(images: Tensor, other: Tensor, strength: Tensor, generator: Generator) -> Tensor:
    """More or less contrast around the image's own mean."""
    sign = draw(len(images), -1, 1, generator).sign()
    centre = images.mean((1, 2, 3), keepdim=True)
    return centre + (images - centre) * torch.exp(CONTRAST * sign * strength)


def seam(images: Tensor, other: Tensor, strength: Tensor, generator: Generator) -> Tensor:
    """Beyond a border, another view, or the same one moved aside or up and down."""
    n, size = len(images), images.shape[-1]
    moved = torch.stack(
        [images[i].roll(offset, (1, 2)[i % 2]) for i, offset in enumerate(offsets(n, generator))]
    )
    beyond = torch.where(draw(n, 0, 1, generator) < 0.5, moved, other)
    return torch.lerp(images, beyond, strength * beside(n, size, 1.0, generator))


def offsets(count: int, generator: Generator) -> list[int]:
    """Pixels by which an image is moved, 6 to 40."""
    return torch.randint(6, 41, (count,), generator=generator).tolist()


def beside(count: int, size: int, spread: float, generator: Generator) -> Tensor:
    """1 on one side of a straight border, 0 on the other: (n, 1, size, size).

    Two in three borders are upright. `spread` is the largest width of the change in pixels.
    """
    place = draw(count, 0.15, 0.85, generator) * size
    width = draw(count, 1.0, max(1.0, spread), generator)
    across = ((positions(size) - place) / width + 0.5).clamp(0, 1).expand(-1, 1, size, size)
    side = torch.where(draw(count, 0, 1, generator) < 2 / 3, across, across.mT)
    return torch.where(draw(count, 0, 1, generator) < 0.5, side, 1 - side)


def positions(size: int) -> Tensor:
    """Centres of pixels: (size,)."""
    return torch.arange(size) + 0.5


def ghost(images: Tensor, other: Tensor, strength: Tensor, generator: Generator) -> Tensor:
    return torch.lerp(images, other, GHOST * strength)


def palette(images: Tensor, other: Tensor, strength: Tensor, generator: Generator) -> Tensor:
    """Other gains of the three channels beyond a hard or soft border."""
    sign = draw(len(images), -1, 1, generator, channels=3)
    gains = 1 + GAIN * strength * (sign.sign() * 0.4 + sign * 0.6)
    size = images.shape[-1]
    return images * torch.lerp(
        torch.ones_like(gains), gains, beside(len(images), size, size / 4, generator)
    )


def paste(images: Tensor, other: Tensor, strength: Tensor, generator: Generator) -> Tensor:
    """A square of the other view, larger with the strength; none at strength 0."""
    n, size = len(images), images.shape[-1]
    side = (PATCH[0] + (PATCH[1] - PATCH[0]) * strength) * size / 128 * (strength > 0)
    softness = draw(n, 1.0, SPREAD, generator)

    def cover() -> Tensor:
        """How much of the columns lies inside: (n, 1, 1, size)."""
        centre = side / 2 + draw(n, 0, 1, generator) * (size - side)
        inside = side / 2 - (positions(size) - centre).abs()
        return (inside / softness + 0.5).clamp(0, 1) * (side > 0)

    return torch.lerp(images, other, cover().mT * cover())


PLANT: dict[str, Fault] = {
    fault.__name__: fault for fault in (blur, noise, contrast, seam, ghost, palette, paste)
}
assert tuple(PLANT) == FAULTS


def draw_strengths(count: int, generator: Generator) -> Tensor:
    """Strengths (n, len(FAULTS)): three in ten images have no fault, five one, two have two."""
    kinds = torch.rand(count, len(FAULTS), generator=generator).argsort(1)
    share = torch.rand(count, 1, generator=generator)
    amount = (share > 0.3).long() + (share > 0.8).long()
    strength = 0.05 + 0.95 * torch.rand(count, len(FAULTS), generator=generator)
    return strength * (kinds < amount)


def plant(images: Tensor, other: Tensor, strengths: Tensor, generator: Generator) -> Tensor:
    """Plants every fault with its strengths (n, len(FAULTS)), one after another, where not zero.

    Content changes before sharpness, and noise comes last, as a camera would have it.
    """
    images = images.clone()
    for name in ("paste", "seam", "ghost", "palette", "contrast", "blur", "noise"):
        strength = strengths[:, FAULTS.index(name)]
        where = strength.nonzero()[:, 0]
        if len(where):
            some = strength[where].view(-1, 1, 1, 1)
            images[where] = PLANT[name](images[where], other[where], some, generator).clamp(0, 1)
    return images
