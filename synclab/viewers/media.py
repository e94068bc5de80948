"""Thumbnails, and files as scripts: a page that is itself a file may not read files beside it."""

import base64
import io
import json
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo
from tqdm import tqdm

from synclab.core.atomic import write_atomically
from synclab.core.hashing import sha256
from synclab.viewers.entries import Entry

log = logging.getLogger(__name__)

THUMBNAIL = (480, 480)
"""Largest width and height, in pixels."""

WIDEST = 4096
"""Panoramas are scaled to this width, the largest texture that every phone shows."""

PLAIN = 1_000_000
"""Panoramas of more bytes than this are compressed as JPEG."""

BUDGET = 60_000_000
"""Bytes of all scripts; the objects of further samples are linked, not held."""


@dataclass(frozen=True)
class Media:
    """The folder of a report; files are named by the hash of what they show, and made once."""

    folder: Path

    def script(self, entry: Entry) -> str | None:
        """Path of the script that holds what a sample's viewer opens; None for plain pictures."""
        if entry.kind == "picture":
            return None
        return self.wrap(*entry.object)

    def wrap(self, source: Path, digest: str | None = None) -> str:
        """Path of the script that holds a file of this SHA-256."""
        digest = digest or sha256(source.read_bytes())
        name = f"media/{digest[:16]}.js"
        return self._make(name, lambda: as_script(name, data_of(source)))

    def thumbnails(self, entries: list[Entry]) -> list[str]:
        """Paths of the samples' thumbnails, from the page; equal pictures share one."""
        names = [f"thumbnails/{digest[:16]}.webp" for _, digest in (own.preview for own in entries)]
        sources = dict(zip(names, (own.preview[0] for own in entries), strict=True))
        with ThreadPoolExecutor() as threads:
            made = threads.map(
                lambda name: self._make(name, lambda: shrunk(sources[name])), sources
            )
            list(tqdm(made, "thumbnails", len(sources), disable=None, leave=False))
        return names

    def scripts(self, entries: list[Entry]) -> list[str | None]:
        """Paths of all scripts, None beyond the budget."""
        paths, room = [], BUDGET
        for entry in entries:
            path = self.script(entry) if room > 0 else None
            room -= (self.folder / path).stat().st_size if path else 0
            paths.append(path)
        if room <= 0:
            log.warning("more than %d MB: the page links further objects", BUDGET // 10**6)
        return paths

    def _make(self, name: str, data: Callable[[], bytes]) -> str:
        path = self.folder / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, data())
        return name


def shrunk(path: Path) -> bytes:
    """A picture as a thumbnail, without rows that no view has seen."""
    with Image.open(path) as image:
        picture = crop_blank(image.convert("RGB"))
    picture.thumbnail(THUMBNAIL)
    return encoded(picture, "WEBP", quality=82)


def crop_blank(image: Image.Image) -> Image.Image:
    """Crops black rows at the top and the bottom: a ring of level views leaves the poles black."""
    box = image.getbbox()
    return image.crop((0, box[1], image.width, box[3])) if box else image


def data_of(path: Path) -> bytes:
    """A file, or a large picture as a JPEG of at most `WIDEST` pixels."""
    data = path.read_bytes()
    if path.suffix != ".png" or len(data) <= PLAIN:
        return data
    with Image.open(io.BytesIO(data)) as image:
        picture = image.convert("RGB")
    picture.thumbnail((WIDEST, WIDEST), Image.Resampling.LANCZOS)
    return encoded(picture, "JPEG", quality=92, subsampling=0)


def encoded(image: Image.Image, form: str, **options: int | PngInfo) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def as_script(name: str, data: bytes) -> bytes:
    """JavaScript that hands the data to the page."""
    text = base64.b64encode(data).decode("ascii")
    return f"give({json.dumps(name)}, {json.dumps(text)});\n".encode("ascii")
