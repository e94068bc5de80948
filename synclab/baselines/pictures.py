"""Pictures as other projects write them, read or refused in one line."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from synclab.core.hashing import sha256
from synclab.errors import UserError


@dataclass(frozen=True)
class Made:
    """A sample's picture, and what its row says of it."""

    image: Image.Image
    facts: dict[str, Any]


def read_picture(path: Path) -> Image.Image:
    try:
        with Image.open(path) as image:
            return image.convert("RGB")
    except (OSError, SyntaxError, ValueError) as error:
        raise UserError(f"{path}: no readable picture ({error}); make it again") from error


def describe(path: Path) -> dict[str, Any]:
    """Where a picture came from: JPEG and its size in pixels tell in the scores."""
    with Image.open(path) as image:
        form, size = image.format, list(image.size)
    return {"path": str(path), "format": form, "size": size, "sha256": sha256(path.read_bytes())}


def to_png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
