"""Features of pictures: extracted once and cached on disk by picture, views and extractor."""

import io
import logging
import zipfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from torch import Tensor
from tqdm import tqdm

from synclab.core.atomic import write_atomically
from synclab.core.hashing import digest
from synclab.errors import UserError
from synclab.metrics.extractors import Cut, Extractor, Outputs
from synclab.store.pictures import Picture, UnusableError

log = logging.getLogger(__name__)

CACHE = ".features"
Outcome = Mapping[str, Outputs]
"""Outputs of one picture, by the extractor's name in the protocol."""


class ViewCutter(Protocol):
    """Selects the views of a picture that are scored; see `synclab.metrics.views`."""

    def key(self, row: Mapping[str, Any]) -> str:
        """Everything that decides which views are cut, for the cache."""
        ...

    def source(self, picture: Picture) -> Tensor:
        """What the views are cut from: the image (3, H, W), uint8, or of a motion its joints."""
        ...

    def cut(self, picture: Tensor, row: Mapping[str, Any]) -> Tensor:
        """Views (n, 3, h, w) of a picture (3, H, W), all uint8, or segments of a motion."""
        ...

    def of_reference(self) -> "ViewCutter":
        """How the pictures of the reference are cut: they are views already, or cut like these."""
        ...


@dataclass(frozen=True)
class Measured:
    """Pictures of one set with their extracted features."""

    pictures: tuple[Picture, ...]
    outcomes: tuple[Outcome, ...]

    def parts(self, source: str) -> list[np.ndarray]:
        """Features of "extractor.output" for each picture: (rows, d) each."""
        extractor, _, output = source.partition(".")
        return [outcome[extractor][output] for outcome in self.outcomes]

    def matrix(self, source: str) -> np.ndarray:
        """All rows of an output, picture by picture: (n, d)."""
        return np.concatenate(self.parts(source)) if self.outcomes else np.empty((0, 0))

    def owners(self, source: str) -> list[str]:
        """The prompt of every row of `matrix`."""
        pairs = zip(self.pictures, self.parts(source), strict=True)
        return [picture.prompt for picture, rows in pairs for _ in rows]

    @property
    def view_count(self) -> int:
        """Number of scored views."""
        return sum(max(map(rows, outcome.values())) for outcome in self.outcomes)

    @property
    def prompts(self) -> list[str]:
        """Sorted, each once."""
        return sorted({picture.prompt for picture in self.pictures})

    def of(self, prompts: Collection[str]) -> "Measured":
        """The pictures of some prompts."""
        return self._where([picture.prompt in prompts for picture in self.pictures])

    def without(self, prompts: Collection[str]) -> "Measured":
        return self._where([picture.prompt not in prompts for picture in self.pictures])

    def _where(self, chosen: Sequence[bool]) -> "Measured":
        pairs = zip(self.pictures, self.outcomes, strict=True)
        kept = [pair for pair, choice in zip(pairs, chosen, strict=True) if choice]
        return Measured(tuple(p for p, _ in kept), tuple(o for _, o in kept))


def rows(outputs: Outputs) -> int:
    return max(len(output) for output in outputs.values())


@dataclass(frozen=True)
class Cache:
    """Cached features of one extractor beside the results, one file per picture."""

    folder: Path
    identity: str

    def read(self, key: str) -> Outputs | None:
        """Cached features; None if there are none.

        Raises: UserError if another extractor wrote them.
        """
        try:
            with np.load(self.folder / f"{key}.npz") as file:
                kept = dict(file)
            identity = str(kept.pop("identity"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            log.warning("%s/%s.npz: not readable (%s); extracting again", self.folder, key, error)
            return None
        if identity != self.identity:
            raise UserError(
                f"{self.folder}: features of another extractor ({identity!r} there,"
                f" {self.identity!r} now); delete the folder"
            )
        return kept

    def write(self, key: str, outputs: Outputs) -> None:
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, identity=np.array(self.identity), **outputs)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_atomically(self.folder / f"{key}.npz", buffer.getvalue())
        except OSError as error:
            raise UserError(
                f"{self.folder}: cannot write there ({error.strerror}); free space or change its"
                " permissions"
            ) from error


def measure(
    pictures: Sequence[Picture], views: ViewCutter, extractors: Mapping[str, Extractor], what: str
) -> Measured:
    """Applies all extractors to all pictures; warns of unreadable ones and NaN, and skips them.

    Args:
        what: label of the progress bar.
    """
    found = []
    for picture in tqdm(pictures, what, disable=None):
        try:
            found.append((picture, outcome(picture, views, extractors)))
        except UnusableError as error:
            log.warning("%s: left out: %s", picture.path, error)
    return Measured(tuple(p for p, _ in found), tuple(o for _, o in found))


def outcome(picture: Picture, views: ViewCutter, extractors: Mapping[str, Extractor]) -> Outcome:
    """Outputs of all extractors for one picture, which is loaded only if any is not cached."""
    cut_by = digest(views.key(picture.row), picture.id, picture.prompt)
    key = f"{picture.row['sha256'][:32]}-{cut_by[:12]}"
    caches = {name: Cache(folder_of(picture, e), e.identity) for name, e in extractors.items()}
    kept = {name: outputs for name, cache in caches.items() if (outputs := cache.read(key))}
    if len(kept) == len(caches):
        return kept
    image = views.source(picture)
    cut = Cut(image, views.cut(image, picture.row), picture.prompt)
    new = {name: finite(extractors[name](cut), name) for name in caches if name not in kept}
    for name, outputs in new.items():
        caches[name].write(key, outputs)
    return kept | new


def folder_of(picture: Picture, extractor: Extractor) -> Path:
    """The extractor's cache folder in the picture's run."""
    return picture.path.parents[2] / CACHE / extractor.name


def finite(outputs: Outputs, extractor: str) -> Outputs:
    for name, rows in outputs.items():
        if not np.isfinite(rows).all():
            raise UnusableError(f"its features {extractor}.{name} are not finite")
    return outputs
