"""Reads pictures of other projects."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from synclab.core.hashing import sha256
from synclab.core.pictures import read
from synclab.errors import UserError


@dataclass(frozen=True)
class Made:
    """A sample's picture, and the facts for its row."""

    image: Image.Image
    facts: dict[str, Any]


def read_picture(path: Path) -> Image.Image:
    """Reads an opaque picture as 8-bit RGB.

    Raises: UserError if it cannot be read or has transparent pixels.
    """
    pixels = read(path, str(path))
    if not pixels.known.all():
        raise UserError(f"{path}: has transparent pixels; expected an opaque picture")
    return pixels.to_image()


def describe(path: Path) -> dict[str, Any]:
    """Source of a picture: its format and size affect the scores."""
    with Image.open(path) as image:
        form, size = image.format, list(image.size)
    return {"path": str(path), "format": form, "size": size, "sha256": sha256(path.read_bytes())}
