"""The frames of a smooth zoom through a stack of levels, as a GIF."""

from collections.abc import Sequence

from PIL import Image
from torch import Tensor

from synclab.core.pictures import to_bytes
from synclab.core.video import to_gif

SECONDS = 0.08
"""Duration of a frame."""


def zoom_video(levels: Sequence[Tensor], magnification: int, frames: int) -> bytes:
    """A GIF from the widest of the levels (3, s, s) to the closest, `frames` for each level."""
    pictures = [Image.fromarray(to_bytes(level)) for level in levels]
    depths = [count / frames for count in range(frames * (len(levels) - 1) + 1)]
    return to_gif((frame(pictures, magnification, depth) for depth in depths), SECONDS)


def frame(levels: Sequence[Image.Image], magnification: int, depth: float) -> Image.Image:
    """The scene `magnification`^`depth` times closer than level 0, as large as a level."""
    level = min(int(depth), len(levels) - 1)
    wide, size = levels[level], levels[level].width
    seen = central(wide, magnification ** (level - depth), size)
    if level + 1 < len(levels):
        side = size * magnification ** (depth - level - 1)
        inner = int(side) - (size - int(side)) % 2  # centred on whole pixels
        closer = central(levels[level + 1], inner / side, inner)
        seen.paste(closer, ((size - inner) // 2, (size - inner) // 2))
    return seen


def central(picture: Image.Image, part: float, size: int) -> Image.Image:
    """The central `part` of a square picture, resized to `size` pixels."""
    edge = (1 - part) / 2 * picture.width
    box = (edge, edge, picture.width - edge, picture.width - edge)
    return picture.resize((size, size), Image.Resampling.BICUBIC, box)
