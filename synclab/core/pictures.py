"""Reads and writes image files; every input image goes through this one reader.

Images are read as a viewer shows them: EXIF orientation is applied, and of an animation the first
frame is read. Transparent pixels are *unknown*; the colour stored beneath them is never used.
16-bit greyscale is scaled by its bit depth. Colour profiles are not applied.
"""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from synclab.errors import UserError

LARGEST = 2**27
"""Pixels of the largest picture that is read: a panorama of 16384 x 8192."""

PLAIN = {"1", "L", "P", "RGB", "CMYK", "YCbCr", "LAB", "HSV"}
"""Modes of 8 bits or fewer that Pillow converts to RGB without loss of range."""

LOSSY = {"JPEG", "MPO", "JPEG2000", "AVIF", "HEIF"}
"""Formats whose compression shifts colours near hard edges by several levels."""


@dataclass(frozen=True)
class Pixels:
    """A picture.

    Args:
        colour: (3, H, W) in [0, 1]; 0 where unknown.
        known: (1, H, W), false where the file is transparent.
        lossy: whether the file's compression changes colours.
    """

    colour: Tensor
    known: Tensor
    lossy: bool

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.colour.shape[2], self.colour.shape[1]

    def to_image(self) -> Image.Image:
        """8-bit RGB."""
        return Image.fromarray(to_bytes(self.colour))


def read(path: Path, place: str) -> Pixels:
    """Reads a picture file.

    Args:
        place: name of the file in error messages, such as "task.picture=half.png".

    Raises: UserError for a file that is not an image, is truncated, is larger than LARGEST, or has
        values outside a known range.
    """
    try:
        with Image.open(path) as file:
            check_size(file.size, place)
            lossy = is_lossy(file, path)
            colour, known = decode(ImageOps.exif_transpose(file), place)
    except Image.DecompressionBombError as error:
        raise UserError(f"{place}: {error}; expected at most {LARGEST} pixels") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        raise UserError(f"{place}: cannot be read ({error}); expected a PNG or JPEG") from error
    return Pixels(colour, known, lossy)


def check_size(size: tuple[int, int], place: str) -> None:
    width, height = size
    if width * height > LARGEST:
        raise UserError(
            f"{place}: {width} x {height} pixels; expected at most {LARGEST}; make it smaller"
        )


def is_lossy(file: Image.Image, path: Path) -> bool:
    """Whether a file's compression changes colours; WebP and TIFF have both kinds."""
    if file.format == "WEBP":
        with path.open("rb") as stream:
            return b"VP8L" not in stream.read(4096)
    return file.format in LOSSY or file.info.get("compression") in ("jpeg", "tiff_jpeg")


def decode(image: Image.Image, place: str) -> tuple[Tensor, Tensor]:
    """Colour (3, H, W) in [0, 1] and known pixels (1, H, W) of an opened picture."""
    if image.mode.startswith("I") or image.mode == "F":
        grey = torch.from_numpy(scaled(np.array(image), image.mode, place))
        return grey.expand(3, -1, -1).clone(), torch.ones(1, *grey.shape, dtype=torch.bool)
    if image.mode in PLAIN and "transparency" not in image.info:
        values = to_unit(np.array(image.convert("RGB")))
        return values, torch.ones(1, *values.shape[1:], dtype=torch.bool)
    values = to_unit(np.array(image.convert("RGBA")))
    known = values[3:] == 1
    return values[:3] * known, known


def scaled(values: np.ndarray, mode: str, place: str) -> np.ndarray:
    """Scales greyscale of more than 8 bits to [0, 1]: 16-bit integers, or floats in [0, 1]."""
    top = 1 if mode == "F" else 65535
    if not np.isfinite(values).all() or values.min() < 0 or values.max() > top:
        raise UserError(
            f"{place}: greys from {values.min():g} to {values.max():g}; expected 0 to {top} in a"
            " picture of this depth; save it with 8 bits"
        )
    return (values / top).astype(np.float32)


def to_unit(values: np.ndarray) -> Tensor:
    """Bytes (H, W, c) as (c, H, W) in [0, 1]."""
    return torch.from_numpy(values).permute(2, 0, 1).float() / 255


def to_bytes(image: Tensor) -> np.ndarray:
    """(3, H, W) in [0, 1] as bytes (H, W, 3), rounded to the nearest of 256 levels."""
    levels = (image.detach().cpu().float() * 255).round().byte()
    return np.ascontiguousarray(levels.permute(1, 2, 0).numpy())


def to_png(image: Tensor | Image.Image, xmp: str = "") -> bytes:
    """A picture, or (3, H, W) in [0, 1], as a PNG file, with an XMP packet if there is one."""
    if isinstance(image, Tensor):
        image = Image.fromarray(to_bytes(image))
    buffer, info = io.BytesIO(), PngInfo()
    if xmp:
        info.add_itxt("XML:com.adobe.xmp", xmp)
    image.save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()
