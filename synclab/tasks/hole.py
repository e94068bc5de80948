"""The unknown part of a picture that is to be completed, found at the file's own size."""

import torch
import torch.nn.functional as F
from torch import Tensor

from synclab.core.pictures import Pixels
from synclab.errors import UserError

DARK = 32 / 255
"""A lossy file's black reaches up to here beside a bright edge (JPEG of quality 75)."""

RIM = 4
"""Pixels around a lossy file's hole that compression has mixed with black."""


def known_by_colour(pixels: Pixels) -> Tensor:
    """Known pixels (1, H, W): those that are neither transparent nor black.

    Black is exact in a lossless file (StochSync's code). In a lossy one it is every dark area of
    more than specks, and the rim around it, whose colours compression has mixed with the hole's.
    """
    if not pixels.lossy:
        return pixels.known & (pixels.colour.amax(0, keepdim=True) > 0)
    dark = pixels.colour.amax(0, keepdim=True) < DARK
    return pixels.known & ~grow(keep_areas(dark), RIM)


def keep_areas(mask: Tensor) -> Tensor:
    """A mask (1, H, W) without what is narrower than three pixels, and without its own specks."""
    opened = grow(~grow(~mask, 1), 1)
    return ~grow(~grow(opened, 2), 2)


def grow(mask: Tensor, reach: int) -> Tensor:
    """A mask (1, H, W) with all pixels at most `reach` rows and columns away."""
    return F.max_pool2d(mask.float()[None], 2 * reach + 1, 1, reach)[0] > 0.5


def known_by_mask(mask: Pixels, size: tuple[int, int], place: str) -> Tensor:
    """Known pixels (1, H, W) of a mask file: white is unknown, black is known.

    A mask with transparent pixels means those instead, whatever its colours.

    Raises: UserError for a mask of another size than its picture's (width, height).
    """
    if mask.size != size:
        (width, height), (own_width, own_height) = size, mask.size
        raise UserError(
            f"{place}: {own_width} x {own_height} pixels; expected the picture's {width} x {height}"
        )
    if not mask.known.all():
        return mask.known
    return mask.colour.mean(0, keepdim=True) < 0.5


def blocks_known(known: Tensor, size: int) -> Tensor:
    """Cells (1, size, size) of a coarser grid all of whose pixels (1, H, W) are known."""
    return F.adaptive_avg_pool2d(known.float()[None], size)[0] > 1 - 1e-4


def spread(picture: Tensor, seen: Tensor) -> Tensor:
    """Fills unknown pixels with the colours around them: black would shine through the encoder.

    Means of the known pixels in windows from small to large; each fills what the last left open.
    """
    filled, known, size = picture * seen, seen.float(), picture.shape[-1]
    for reach in (size // 8, size // 2, size):
        total, count = (
            F.avg_pool2d(layer[None], 2 * reach + 1, 1, reach)[0] for layer in (filled, known)
        )
        filled = torch.where(known > 0, filled, total / count.clamp_min(1e-9))
        known = ((known > 0) | (count > 1e-9)).float()
    return filled
