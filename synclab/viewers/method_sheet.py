"""Contact sheets of single methods, small enough to be kept in a repository."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from synclab.core.atomic import write_atomically
from synclab.store.pictures import Picture
from synclab.viewers.fonts import fonts_for, write
from synclab.viewers.media import encoded
from synclab.viewers.samples import Samples
from synclab.viewers.sheet import picture_of

COLUMNS = 3
WIDTH = 256  # pixels of a picture
LABEL, SIZE = 13, 9  # pixels of a line of text, and of its font
QUALITY = 75  # of the WebP, a third smaller than a JPEG


def write_method_sheets(task: Path, samples: Samples) -> None:
    """Writes METHOD.webp into a task's folder: one seed of each prompt of every method."""
    for method, own in samples.items():
        sheet = encoded(method_sheet(one_of_each(own)), "WEBP", quality=QUALITY, method=6)
        write_atomically(task / f"{method}.webp", sheet)


def one_of_each(samples: Mapping[str, Picture]) -> list[Picture]:
    """The sample of the lowest seed of each prompt."""
    ordered = sorted(samples.values(), key=lambda picture: picture.row["seed"], reverse=True)
    found = {picture.prompt: picture for picture in ordered}
    return [found[prompt] for prompt in sorted(found)]


def method_sheet(pictures: Sequence[Picture]) -> Image.Image:
    """Rows of pictures, each below its prompt."""
    small = [shrunk(picture_of(picture)) for picture in pictures]
    fonts = fonts_for([picture.prompt for picture in pictures])
    height = LABEL + max(picture.height for picture in small)
    columns = min(COLUMNS, len(small))
    sheet = Image.new("RGB", (WIDTH * columns, height * math.ceil(len(small) / columns)), "white")
    for place, (picture, own) in enumerate(zip(small, pictures, strict=True)):
        line, column = divmod(place, columns)
        corner = (WIDTH * column, height * line)
        sheet.paste(label(own.prompt, fonts), corner)
        sheet.paste(picture, (corner[0], corner[1] + LABEL))
    return sheet


def label(text: str, fonts: Sequence[Path]) -> Image.Image:
    """A line of text as wide as a picture; what is too long is cut off."""
    image = Image.new("RGB", (WIDTH, LABEL), "white")
    write(ImageDraw.Draw(image), (2, SIZE), text, SIZE, fonts)
    return image


def shrunk(picture: Image.Image) -> Image.Image:
    return picture.resize((WIDTH, round(WIDTH * picture.height / picture.width)))
