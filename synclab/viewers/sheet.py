"""Contact sheets of a task: one block per prompt, with the methods side by side."""

import logging
import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from synclab.core.atomic import write_atomically
from synclab.core.hashing import digest
from synclab.store.pictures import Picture, UnusableError
from synclab.viewers.fonts import fonts_for, write
from synclab.viewers.media import crop_blank, encoded
from synclab.viewers.samples import Samples

log = logging.getLogger(__name__)

LABEL = 18  # pixels of a line of text
SIZE = 13  # of its font
WIDTH = 512  # pixels of a panorama on the sheet
COLUMNS = 4  # at most; more methods go on in the next line
ROWS = 12  # prompts and seeds at most; the page shows all
COMPRESSION = 4  # of the PNG: a third of the time of zlib's 6, two per cent more bytes
ORIGIN = "synclab:samples"
"""Keyword of the PNG text that holds the hash of all that a sheet shows."""


def write_sheet(path: Path, samples: Samples) -> None:
    """Writes a contact sheet, unless the one there is of the same samples."""
    origin = origin_of(samples)
    if not path.exists() or recorded(path) != origin:
        note = PngInfo()
        note.add_text(ORIGIN, origin)
        sheet = contact_sheet(samples)
        write_atomically(path, encoded(sheet, "PNG", pnginfo=note, compress_level=COMPRESSION))


def origin_of(samples: Samples) -> str:
    """Hash of all that a sheet depends on."""
    rows = [(place, own.row) for place, own in cells(samples).items()]
    shown = [(*place, row["sha256"], row.get("artefacts"), caption(row)) for place, row in rows]
    return digest(WIDTH, LABEL, COLUMNS, ROWS, *sorted(samples), *shown)


def recorded(sheet: Path) -> str | None:
    """The hash in a sheet; None for any other file."""
    try:
        with Image.open(sheet) as image:
            return image.info.get(ORIGIN)
    except OSError:
        return None


def cells(samples: Samples) -> dict[tuple[str, str], Picture]:
    """The samples on the sheet, by method and id."""
    ids = list(dict.fromkeys(sample for own in samples.values() for sample in own))
    return {(m, i): own[i] for i in ids[:ROWS] for m, own in samples.items() if i in own}


def contact_sheet(samples: Samples) -> Image.Image:
    """A sheet of the first `ROWS` samples of a task; missing samples are left blank."""
    shown, methods = cells(samples), list(samples)
    ids = list(dict.fromkeys(sample for _, sample in shown))
    with ThreadPoolExecutor() as threads:
        pictures = list(threads.map(thumbnail, shown.values()))
    labels = [f"{method}: {caption(own.row)}" for (method, _), own in shown.items()]
    fonts = fonts_for(labels)
    height = LABEL + max(picture.height for picture in pictures)
    columns = min(COLUMNS, len(methods))
    lines = math.ceil(len(methods) / columns)  # of a prompt
    sheet = Image.new("RGB", (WIDTH * columns, height * lines * len(ids)), "white")
    for (method, sample), picture, label in zip(shown, pictures, labels, strict=True):
        line, column = divmod(methods.index(method), columns)
        left, top = WIDTH * column, height * (lines * ids.index(sample) + line)
        sheet.paste(label_image(label, fonts), (left, top))
        sheet.paste(picture, (left, top + LABEL))
    return sheet


def label_image(label: str, fonts: Sequence[Path]) -> Image.Image:
    """A line of text as wide as a column; what is too long is cut off."""
    image = Image.new("RGB", (WIDTH, LABEL), "white")
    write(ImageDraw.Draw(image), (4, SIZE), label, SIZE, fonts)
    return image


def thumbnail(sample: Picture) -> Image.Image:
    """A sample scaled to the width of a column."""
    picture = picture_of(sample)
    return picture.resize((WIDTH, round(WIDTH * picture.height / picture.width)))


def picture_of(sample: Picture) -> Image.Image:
    """A sample without rows that no view has seen; of a mesh its views, not its texture."""
    return crop_blank(views_of(sample) or Image.open(sample.path).convert("RGB"))


def views_of(sample: Picture) -> Image.Image | None:
    """The contact sheet of views beside a texture; None, with a warning, if it is damaged."""
    try:
        views = sample.load_artefact("views.png")
    except UnusableError as error:
        log.warning("%s: the texture is shown instead: %s", sample.path, error)
        return None
    return None if views is None else Image.fromarray(views.permute(1, 2, 0).numpy())


def caption(row: Mapping[str, Any]) -> str:
    """Prompt, seed and, if known, seconds."""
    seconds = row.get("seconds", {}).get("total")
    time = "" if seconds is None else f", {seconds:.0f} s"
    return f"{row['prompt'] or '(no prompt)'}, seed {row['seed']}{time}"
