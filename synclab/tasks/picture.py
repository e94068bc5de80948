"""Pictures that a task begins with."""

from pathlib import Path

import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from synclab.errors import UserError
from synclab.places import CHECKOUT


def find_picture(path: str, key: str) -> Path:
    """The file, looked up from here and, if relative, from where synclab lies."""
    for place in (Path(path).expanduser(), CHECKOUT / path):
        if place.is_file():
            return place
    raise UserError(f"{key}={path}: no such file; expected a PNG or JPEG")


def read_picture(path: str, key: str, height: int, width: int) -> Tensor:
    """(3, height, width) in [0, 1], resized bilinearly.

    Raises: UserError where there is no such file or it is no picture.
    """
    try:
        with Image.open(find_picture(path, key)) as file:
            picture = file.convert("RGB")
            if picture.size != (width, height):
                picture = picture.resize((width, height), Image.Resampling.BILINEAR)
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise UserError(
            f"{key}={path}: cannot be read ({error}); expected a PNG or JPEG"
        ) from error
    values = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8)
    return values.view(height, width, 3).permute(2, 0, 1).float() / 255
