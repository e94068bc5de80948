"""Pictures in a row as files that move: GIF, and MP4 (H.264) by imageio-ffmpeg's ffmpeg."""

import io
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from PIL import Image, ImageSequence

from synclab.errors import UserError

Pictures = Iterable[Image.Image]
"""Pictures of one size."""

QUALITY = 8
"""Of imageio-ffmpeg's 0 to 10."""


def to_gif(frames: Pictures, seconds: float) -> bytes:
    """Pictures as an endless GIF that shows each for `seconds`."""
    first, *rest = frames
    buffer = io.BytesIO()
    first.save(
        buffer, "GIF", save_all=True, append_images=rest, duration=round(1000 * seconds), loop=0
    )
    return buffer.getvalue()


def read_gif(path: Path) -> tuple[list[Image.Image], float]:
    """The pictures of a GIF, and the seconds for which it shows each."""
    with Image.open(path) as gif:
        seconds = gif.info["duration"] / 1000
        return [frame.convert("RGB") for frame in ImageSequence.Iterator(gif)], seconds


def to_mp4(frames: Pictures, seconds: float) -> bytes:
    """Pictures as an MP4 that shows each for `seconds`; odd heights and widths gain a white line,
    because the colours of H.264 have half the resolution.

    Raises: UserError without imageio-ffmpeg.
    """
    try:
        import imageio_ffmpeg
    except ImportError as error:
        raise UserError("MP4 needs imageio-ffmpeg; pip install -e '.[video]'") from error
    pictures = [even(frame) for frame in frames]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "video.mp4"
        rate: Any = 1 / seconds  # ffmpeg takes fractions, the package's annotation does not
        writer = imageio_ffmpeg.write_frames(
            str(path), pictures[0].size, fps=rate, quality=QUALITY, macro_block_size=2
        )
        writer.send(None)
        for picture in pictures:
            writer.send(picture.tobytes())
        writer.close()
        return path.read_bytes()


def even(picture: Image.Image) -> Image.Image:
    """The picture with a white line below and to the right where its size is odd."""
    width, height = picture.size
    canvas = Image.new("RGB", (width + width % 2, height + height % 2), "white")
    canvas.paste(picture)
    return canvas
