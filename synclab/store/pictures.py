"""Reads the finished samples of a results folder; warns of every file that is left out.

Torch is loaded with the first picture, since reports of many samples read their rows only.
"""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synclab.core.hashing import config_hash, sha256
from synclab.errors import UserError
from synclab.store.folder import SAMPLE, Store, foreign, is_sample

if TYPE_CHECKING:
    from torch import Tensor

log = logging.getLogger(__name__)

KEYS = ("id", "prompt", "seed", "sha256")
"""Keys that every row must have; rows of ingested pictures may omit all others."""


class UnusableError(Exception):
    """A picture cannot be scored and is left out; the others are still scored."""


@dataclass(frozen=True)
class Picture:
    """One finished sample: the path of its image, and its row."""

    path: Path
    row: Mapping[str, Any]

    @property
    def id(self) -> str:
        return self.row["id"]

    @property
    def prompt(self) -> str:
        return self.row["prompt"]

    def load(self) -> "Tensor":
        """The image, uint8 (3, H, W)."""
        return load(self.path, self.row.get("size"))

    def load_artefact(self, ending: str) -> "Tensor | None":
        """A picture beside the image, uint8 (3, H, W); None if the row has none of this ending."""
        path = self.artefact(ending)
        return None if path is None else load(path, None)

    def artefact(self, ending: str) -> Path | None:
        """A file beside the image; None if the row has none of this ending."""
        known = self.row.get("artefacts", {}).get(ending)
        if known is None:
            return None
        path = Store(self.path.parent).artefact(self.path.stem, ending)
        if not path.is_file() or sha256(path.read_bytes()) != known:
            raise UnusableError(f"{path.name} is missing or differs from the row's hash")
        return path


def load(path: Path, size: Sequence[int] | None) -> "Tensor":
    """An opaque picture of the given width and height, if known, as uint8 (3, H, W)."""
    from synclab.core.pictures import read

    try:
        pixels = read(path, path.name)
    except UserError as error:
        raise UnusableError(f"{error}; generate it again") from error
    if not pixels.known.all():
        raise UnusableError("it has transparent pixels; generate it again")
    if size is not None and list(pixels.size) != list(size):
        raise UnusableError(f"it is {pixels.size}, its row says {size}")
    return (pixels.colour * 255).round().byte()


def read_pictures(folder: Path) -> list[Picture]:
    """All finished samples of one method, sorted by id; warns of each that cannot be used."""
    for path in foreign(folder):
        log.warning("%s: left out: not the name of a sample; a copy, or not made by synclab", path)
    rows = sorted(filter(is_sample, folder.glob("*.json")))
    found = [picture for path in rows for picture in usable(path)]
    images = {path for path in folder.glob("*.png") if SAMPLE.fullmatch(path.stem)}
    for image in sorted(images - {path.with_suffix(".png") for path in rows}):
        log.warning("%s: left out: it has no row, so its sample was never finished", image)
    return sorted(found, key=lambda picture: picture.id)


def usable(path: Path) -> Iterator[Picture]:
    """The sample of a row, or nothing, with a warning, if its image does not match the row."""
    try:
        row, image = read_row(path), path.with_suffix(".png")
    except (OSError, ValueError) as error:
        log.warning("%s: left out: not a readable row (%s)", path, error)
        return
    if row["id"] != path.stem:
        log.warning("%s: left out: it is the row of %s", path, row["id"])
    elif not image.is_file():
        log.warning("%s: left out: its image is missing; run its command again", path)
    elif sha256(image.read_bytes()) != row["sha256"]:
        log.warning("%s: left out: differs from its row's hash; run its command again", image)
    else:
        yield Picture(image, row)


def read_row(path: Path) -> dict[str, Any]:
    """Reads a row.

    Raises: OSError, and ValueError if it is not JSON or lacks a key.
    """
    row = json.loads(path.read_text(encoding="utf-8"))
    missing = [key for key in KEYS if key not in row]
    if missing:
        raise ValueError(f"without {', '.join(missing)}")
    return row | {"hash": config_hash(row["config"])} if "config" in row else row
