"""Pictures as other projects write them, read or refused in one line."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from synclab.core.hashing import sha256
from synclab.core.pictures import read
from synclab.errors import UserError


@dataclass(frozen=True)
class Made:
    """A sample's picture, and the facts that its row records."""

    image: Image.Image
    facts: dict[str, Any]


def read_picture(path: Path) -> Image.Image:
    """An opaque picture as 8-bit RGB.

    Raises: UserError where it cannot be read or has transparent pixels.
    """
    pixels = read(path, str(path))
    if not pixels.known.all():
        raise UserError(f"{path}: has transparent pixels; expected an opaque picture")
    return pixels.to_image()


def describe(path: Path) -> dict[str, Any]:
    """Source of a picture: JPEG compression and size in pixels affect the scores."""
    with Image.open(path) as image:
        form, size = image.format, list(image.size)
    return {"path": str(path), "format": form, "size": size, "sha256": sha256(path.read_bytes())}
