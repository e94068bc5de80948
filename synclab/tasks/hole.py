"""Finds the unknown region of an inpainting picture, at the file's own resolution."""

import numpy as np
import torch
import torch.nn.functional as F
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from synclab.core.pictures import Pixels
from synclab.errors import UserError

DARK = 32 / 255
"""Brightest value that black takes next to a bright edge in a lossy file (JPEG, quality 75)."""

RIM = 4
"""Width in pixels of the border of a lossy file's hole that compression has mixed with black."""


def known_by_colour(pixels: Pixels) -> Tensor:
    """Known pixels (1, H, W): those that are neither transparent nor black.

    In a lossless file black means exactly 0 (StochSync's code). In a lossy file it means every dark
    area larger than a few pixels, plus a border whose colours compression has mixed with black.
    """
    if not pixels.lossy:
        return pixels.known & (pixels.colour.amax(0, keepdim=True) > 0)
    dark = pixels.colour.amax(0, keepdim=True) < DARK
    return pixels.known & ~grow(keep_areas(dark), RIM)


def keep_areas(mask: Tensor) -> Tensor:
    """Removes structures narrower than three pixels from a mask (1, H, W), and small holes."""
    opened = grow(~grow(~mask, 1), 1)
    return ~grow(~grow(opened, 2), 2)


def grow(mask: Tensor, reach: int) -> Tensor:
    """Dilates a mask (1, H, W) by `reach` rows and columns."""
    return F.max_pool2d(mask.float()[None], 2 * reach + 1, 1, reach)[0] > 0.5


def known_by_mask(mask: Pixels, size: tuple[int, int], place: str) -> Tensor:
    """Known pixels (1, H, W) of a mask file: white is unknown, black is known.

    If the mask has transparent pixels, these are the unknown ones, whatever its colours.

    Raises: UserError if the mask's size differs from its picture's `size` (width, height).
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
    """Cells (1, size, size) of a coarser grid whose pixels in `known` (1, H, W) are all true."""
    return F.adaptive_avg_pool2d(known.float()[None], size)[0] > 1 - 1e-4


def extend(picture: Tensor, seen: Tensor) -> Tensor:
    """Gives every unknown pixel of (c, H, W) the value of the nearest known one (1, H, W)."""
    if seen.all():
        return picture
    unseen = ~seen[0].cpu().numpy()
    nearest = np.asarray(
        distance_transform_edt(unseen, return_distances=False, return_indices=True)
    )
    row, column = torch.from_numpy(nearest)
    return picture[:, row, column]


def spread(picture: Tensor, seen: Tensor) -> Tensor:
    """Fills unknown pixels with nearby colours: encoding them as black would darken known latents.

    Takes means of the known pixels in windows of increasing size; each pass fills what is left.
    """
    filled, known, size = picture * seen, seen.float(), picture.shape[-1]
    for reach in (size // 8, size // 2, size):
        total, count = (
            F.avg_pool2d(layer[None], 2 * reach + 1, 1, reach)[0] for layer in (filled, known)
        )
        filled = torch.where(known > 0, filled, total / count.clamp_min(1e-9))
        known = ((known > 0) | (count > 1e-9)).float()
    return filled
