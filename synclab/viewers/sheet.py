"""Contact sheets of a task: one block per prompt, with the methods side by side."""

import logging
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from synclab.errors import UserError
from synclab.store.folder import method_folders
from synclab.store.pictures import Picture, UnusableError, read_pictures
from synclab.viewers.fonts import fonts_for, write
from synclab.viewers.media import crop_blank

log = logging.getLogger(__name__)

LABEL = 18  # pixels of a line of text
SIZE = 13  # of its font
WIDTH = 512  # pixels of a panorama on the sheet
COLUMNS = 4  # at most; more methods go on in the next line
ROWS = 24  # prompts and seeds at most; the page shows all
ORDER = (
    *(
        "ddim",
        "outpainting",
        "multidiffusion",
        "streammultidiffusion",
        "spotdiffusion",
        "diffcollage",
        "doubletake",
        "syncdiffusion",
        "syncsde",
        "alm",
        "syncmvd",
    ),
    *("synctweedies", "visual_anagrams"),
    *("sdedit", "ddib", "ddim_inversion", "negative_prompt_inversion"),
    *("sds", "sdi", "ism", "stochsync", "stochsync_ddim", "stochsync_fast", "stochsync_fast_dpm"),
)  # the papers' story


Samples = dict[str, dict[str, Picture]]
"""Finished samples by method and by id."""


def read_samples(folder: Path) -> Samples:
    """All finished samples of a task; warns of each that is left out.

    Raises: UserError if there are none.
    """
    found = {place.name: read_pictures(place) for place in method_folders(folder)}
    samples = {name: {own.id: own for own in pictures} for name, pictures in found.items()}
    if not any(samples.values()):
        raise UserError(f"{folder}: no finished sample there; run python -m synclab.run first")
    return {name: own for name, own in samples.items() if own}


def rank(method: str) -> tuple[int, str]:
    return (ORDER.index(method) if method in ORDER else len(ORDER), method)


def contact_sheet(folder: Path) -> Image.Image:
    """A sheet of the first samples of a task; missing samples are left blank."""
    samples = read_samples(folder)
    methods = sorted(samples, key=rank)
    everything = list(dict.fromkeys(sample for method in methods for sample in samples[method]))
    ids = everything[:ROWS]
    if len(ids) < len(everything):
        log.info("the sheet shows the first %d of %d samples", len(ids), len(everything))
    columns = min(COLUMNS, len(methods))
    lines = math.ceil(len(methods) / columns)  # of a prompt
    shown = {(m, i): samples[m][i] for m in methods for i in ids if i in samples[m]}
    pictures = {place: thumbnail(sample) for place, sample in shown.items()}
    height = LABEL + max(picture.height for picture in pictures.values())
    sheet = Image.new("RGB", (WIDTH * columns, height * lines * len(ids)), "white")
    labels = {(m, i): f"{m}: {caption(samples[m][i].row)}" for m, i in pictures}
    fonts = fonts_for(labels.values())
    for (method, sample), picture in pictures.items():
        line, column = divmod(methods.index(method), columns)
        left, top = WIDTH * column, height * (lines * ids.index(sample) + line)
        sheet.paste(label_image(labels[method, sample], fonts), (left, top))
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
