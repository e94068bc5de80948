"""Input pictures of tasks: finding, reading and resizing them to a canvas."""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from synclab.core.pictures import Pixels, read
from synclab.core.protocols import Sample
from synclab.errors import UserError
from synclab.places import CHECKOUT

COVERED = 0.5
"""Fraction of a resized pixel's area that must be known for the pixel to count as known."""


def find_picture(path: str, key: str) -> Path:
    """Finds a file in the working directory, then in synclab's checkout.

    Raises: UserError if it is in neither.
    """
    for place in (Path(path).expanduser(), CHECKOUT / path):
        if place.is_file():
            return place
    raise UserError(f"{key}={path}: no such file; expected a PNG or JPEG")


def read_file(path: str, key: str) -> Pixels:
    """Reads a picture at its own size.

    Raises: UserError if there is no such file or it is not an image.
    """
    return read(find_picture(path, key), f"{key}={path}")


def picture_of(folder: str, sample: Sample, remedy: str) -> str:
    """Path of a sample's picture in the folder `task.start`.

    Raises: UserError with the remedy if there is none.
    """
    found = Path(folder).expanduser() / f"{sample.id}.png"
    if not found.is_file():
        raise UserError(f"task.start={folder}: no picture of {sample.id} there; {remedy}")
    return str(found)


def read_opaque(path: str, key: str, height: int, width: int) -> Tensor:
    """Reads and resizes an opaque picture: (3, height, width) in [0, 1].

    Raises: UserError as `read_file`, and for another aspect ratio or transparent pixels.
    """
    pixels = read_file(path, key)
    check_shape(pixels, height, width, f"{key}={path}")
    if not pixels.known.all():
        raise UserError(f"{key}={path}: has transparent pixels; expected an opaque picture")
    return resize(pixels.colour, height, width)


def check_shape(pixels: Pixels, height: int, width: int, place: str) -> None:
    """Refuses a picture of another aspect ratio, up to one pixel of rounding.

    Raises: UserError with both sizes.
    """
    own_width, own_height = pixels.size
    if abs(own_width * height - own_height * width) > max(height, width):
        raise UserError(
            f"{place}: {own_width} x {own_height} pixels; expected the aspect ratio of {width} x"
            f" {height}; crop it first"
        )


def resize_known(colour: Tensor, known: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Resizes a picture (3, H, W) and its mask of known pixels (1, H, W).

    A new pixel is the mean of the known pixels that it covers, so unknown colours never mix in; it
    is known if they cover at least half of it.
    """
    weight = known.to(colour)
    share = resize(weight, height, width)
    mean = resize(colour * weight, height, width) / share.clamp_min(1e-6)
    seen = share > COVERED - 1e-4
    return torch.where(seen, mean, 0).clamp(0, 1), seen


def resize(image: Tensor, height: int, width: int) -> Tensor:
    """Resizes (c, H, W) bilinearly, with antialiasing."""
    if image.shape[1:] == (height, width):
        return image
    return F.interpolate(
        image[None], (height, width), mode="bilinear", antialias=True, align_corners=False
    )[0]
