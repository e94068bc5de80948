"""Faults that are planted into true panoramas, to see which columns of a protocol notice them.

Each takes panoramas (n, 3, H, 2H) in [0, 1], an amount in its own unit, and a generator; amount 0
would change nothing. Sectors are 36 degrees wide: there lie the borders of views of 72 degrees that
shift by half a view at every other step, as StochSync's do.
"""

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Generator, Tensor
from torch.nn import functional

from synclab.core.pictures import to_bytes

from .faults import draw, gaussian, positions

Planted = Callable[[Tensor, float, Generator], Tensor]

SECTORS = 10
VIEWS = 5  # adjacent, 72 degrees wide
VIEW_SIZE = 128  # pixels of a view, in which the blur is measured
SOFT = 18.0  # degrees over which the palette changes
PATCH = 30.0  # degrees, side of a pasted patch
SHARES = (0.25, 0.75)  # of the height between which the patches' centres lie


def blur(panoramas: Tensor, pixels: float, generator: Generator) -> Tensor:
    per_pixel = 2 * math.tan(math.radians(36)) / VIEW_SIZE / (math.pi / panoramas.shape[2])
    deviation = torch.full((len(panoramas), 1, 1, 1), pixels * per_pixel)
    return gaussian(panoramas, deviation, wrap=True)


def seam(panoramas: Tensor, weight: float, generator: Generator) -> Tensor:
    """Every other sector shows, with this weight, what lies 72 degrees further."""
    further = panoramas.roll(panoramas.shape[3] // VIEWS, -1)
    odd = (sector(panoramas) % 2).float()
    return torch.lerp(panoramas, further, weight * odd)


def sector(panoramas: Tensor) -> Tensor:
    """The sector (2H,) of every column."""
    width = panoramas.shape[3]
    return (torch.arange(width) * SECTORS) // width


def ghost(panoramas: Tensor, weight: float, generator: Generator) -> Tensor:
    """The opposite direction shines through."""
    return torch.lerp(panoramas, panoramas.roll(panoramas.shape[3] // 2, -1), weight)


def noise(panoramas: Tensor, deviation: float, generator: Generator) -> Tensor:
    return panoramas + deviation * torch.randn(panoramas.shape, generator=generator)


def contrast(panoramas: Tensor, loss: float, generator: Generator) -> Tensor:
    centre = panoramas.mean((1, 2, 3), keepdim=True)
    return centre + (1 - loss) * (panoramas - centre)


def palette(panoramas: Tensor, gain: float, generator: Generator) -> Tensor:
    """Gains of the channels that change from view to view, with soft borders."""
    n, width = len(panoramas), panoramas.shape[3]
    gains = 1 + gain * draw(n, -1, 1, generator, channels=3 * VIEWS).view(n, 3, VIEWS).sign()
    fine = gains.repeat_interleave(width // VIEWS + 1, 2)[:, :, :width].reshape(3 * n, 1, 1, width)
    deviation = torch.full((3 * n, 1, 1, 1), SOFT / 360 * width / 2)
    smooth = gaussian(fine.expand(-1, 1, 2, -1), deviation, wrap=True)[:, :, :1]
    return panoramas * smooth.reshape(n, 3, 1, width)


def field_of_view(panoramas: Tensor, excess: float, generator: Generator) -> Tensor:
    """Views of 72 degrees that show 1 + `excess` times enlarged content about their centres."""
    _, _, height, width = panoramas.shape
    turn = positions(width) / width * VIEWS
    centre = turn.floor() + 0.5
    across = 2 * (centre + (turn - centre) / (1 + excess)) / VIEWS - 1
    down = (2 * positions(height) / height - 1) / (1 + excess)
    grid = torch.stack(torch.meshgrid(across, down, indexing="xy"), -1)
    grid = grid.expand(len(panoramas), -1, -1, -1)
    return functional.grid_sample(panoramas, grid, padding_mode="border", align_corners=False)


def paste(panoramas: Tensor, count: float, generator: Generator) -> Tensor:
    """Squares of the next panorama of the batch, at other places of it."""
    height, width = panoramas.shape[2:]
    side, found = round(PATCH / 360 * width), panoramas.clone()
    others = panoramas.roll(1, 0)
    for index in range(len(panoramas)):
        for _ in range(round(count)):
            places = torch.rand(4, generator=generator)
            low, high = (round(share * height) - side // 2 for share in SHARES)
            top, source = (low + int((high - low) * p) for p in places[:2])
            left, start = (int((width - side) * p) for p in places[2:])
            patch = others[index, :, source : source + side, start : start + side]
            found[index, :, top : top + side, left : left + side] = patch
    return found


def mirror(panoramas: Tensor, share: float, generator: Generator) -> Tensor:
    """In this share of the views of 72 degrees, the right half mirrors the left one."""
    width, found = panoramas.shape[3], panoramas.clone()
    for number in range(round(share * VIEWS)):
        left, right = (round((number + part) * width / VIEWS) for part in (0, 1))
        half = (right - left) // 2
        found[..., right - half : right] = found[..., left : left + half].flip(-1)
    return found


def jpeg(panoramas: Tensor, coarseness: float, generator: Generator) -> Tensor:
    """Compression at quality 100 - `coarseness`."""
    return torch.stack([compressed(panorama, round(100 - coarseness)) for panorama in panoramas])


def compressed(picture: Tensor, quality: int) -> Tensor:
    buffer = io.BytesIO()
    Image.fromarray(to_bytes(picture)).save(buffer, "JPEG", quality=quality)
    return torch.from_numpy(np.array(Image.open(buffer))).permute(2, 0, 1).float() / 255


@dataclass(frozen=True)
class Disturbance:
    """A fault, the amounts at which it is measured, their unit, and whether the judge knows it."""

    plant: Planted
    amounts: Sequence[float]
    unit: str
    trained: bool = True


DISTURBANCES = {
    "blur": Disturbance(blur, (0.5, 1, 2, 4), "pixels of a view, standard deviation"),
    "seam": Disturbance(seam, (0.1, 0.25, 0.5, 1), "weight of the content beyond the border"),
    "ghost": Disturbance(ghost, (0.1, 0.2, 0.35, 0.5), "weight of the opposite direction"),
    "noise": Disturbance(noise, (0.02, 0.05, 0.1, 0.2), "of the range, standard deviation"),
    "contrast": Disturbance(contrast, (0.1, 0.25, 0.5, 0.75), "part of the contrast lost"),
    "palette": Disturbance(palette, (0.05, 0.1, 0.2, 0.35), "change of gains between views"),
    "paste": Disturbance(paste, (1, 3, 6, 12), "squares of 30 degrees from another scene"),
    "field of view": Disturbance(field_of_view, (0.1, 0.25, 0.5, 1), "enlargement", False),
    "mirror": Disturbance(mirror, (0.2, 0.4, 0.6, 1), "part of views with a mirrored half", False),
    "jpeg": Disturbance(jpeg, (20, 60, 80, 92), "100 - quality", False),
}
