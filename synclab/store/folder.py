"""The results folder: one sample is one image and one JSON row, both written atomically.

A sample is done when its row exists and the image matches the row's hash; the row is written last.
A folder belongs to one configuration and refuses others.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from synclab.core.atomic import clear_leftovers, create_once, write_atomically
from synclab.core.hashing import sha256, to_json, without_modules
from synclab.errors import UserError
from synclab.store.claims import clear_stale

SAMPLE = re.compile(r".*-s-?\d+")
"""Names of samples end in their seed; "sea-s0 copy" and "sea-s0 (1)" are not samples."""

ARTEFACTS = ("gif", "glb", "mp4", "obj.zip", "ply", "views.png")
"""Endings of the files that may lie beside a sample's picture: artefacts and exports."""

NOTHING: Mapping[str, bytes] = {}

ASIDE = {"previews", "report", "figures", "__MACOSX"}
"""Folders without samples."""

CONFIG, STATUS, LOG = "config.json", "status.json", "run.log"
"""Files of a folder besides its samples."""


@dataclass(frozen=True)
class Store:
    """Samples of one (task, method) under `folder`.

    Args:
        defaults: values of keys that older folders do not record because the keys did not exist
            yet; such a folder is accepted if the keys still have these values.
    """

    folder: Path
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def check(self, config: Mapping[str, Any]) -> None:
        """Refuses a folder that another configuration made, naming the keys that differ."""
        old, new = (flatten(body) for body in (self.config, without_modules(config)))
        added = {key: value for key, value in flatten(self.defaults).items() if key in new}
        old = old and {**added, **old}
        keys = [key for key in sorted({*old, *new}) if old and old.get(key) != new.get(key)]
        if keys:
            changes = ", ".join(f"{k}={old.get(k)} there, {new.get(k)} now" for k in keys[:4])
            raise UserError(
                f"{self.folder}: made by another configuration ({changes});"
                " start another run with run=NAME, or delete the folder"
            )

    @property
    def config(self) -> dict[str, Any]:
        """The configuration that made the folder, empty before the first run."""
        path = self.folder / CONFIG
        try:
            return without_modules(json.loads(path.read_text(encoding="utf-8")))
        except OSError:
            return {}
        except ValueError as error:
            raise UserError(f"{path}: not JSON ({error}); delete the folder") from error

    def open(self, config: Mapping[str, Any]) -> None:
        """Creates the folder with its configuration.

        If two configurations arrive at the same moment, the second is refused.
        """
        with self.writing():
            self.folder.mkdir(parents=True, exist_ok=True)
            if not (self.folder / CONFIG).exists():
                create_once(self.folder / CONFIG, to_json(config))
        self.check(config)

    def tidy(self) -> None:
        """Removes half-written files and claims of killed runs."""
        with self.writing():
            clear_leftovers(self.folder)
            clear_stale(self.folder)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Turns errors of a full or read-only disk into a UserError."""
        try:
            yield
        except OSError as error:
            raise UserError(
                f"results={self.folder}: cannot write there ({error.strerror}); free space or"
                " change permissions and run it again, or use another folder with results=FOLDER"
            ) from error

    def image(self, sample_id: str) -> Path:
        return self.folder / f"{sample_id}.png"

    def row(self, sample_id: str) -> Path:
        return self.folder / f"{sample_id}.json"

    def artefact(self, sample_id: str, ending: str) -> Path:
        """A file beside the image, such as a mesh ("glb")."""
        return self.folder / f"{sample_id}.{ending}"

    def done(self, sample_id: str) -> bool:
        """Whether the row exists and the image and artefacts match its hashes."""
        try:
            row = json.loads(self.row(sample_id).read_text(encoding="utf-8"))
            files = [(self.image(sample_id), row["sha256"])]
            for ending, digest in row.get("artefacts", {}).items():
                files.append((self.artefact(sample_id, ending), digest))
            return all(sha256(path.read_bytes()) == digest for path, digest in files)
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def write(
        self,
        sample_id: str,
        image: bytes,
        row: Mapping[str, Any],
        artefacts: Mapping[str, bytes] = NOTHING,
    ) -> None:
        """Writes the image, the artefacts by their file endings, and last the row, which marks the
        sample as done.
        """
        with self.writing():
            write_atomically(self.image(sample_id), image)
            for ending, data in artefacts.items():
                write_atomically(self.artefact(sample_id, ending), data)
            facts: dict[str, Any] = {"size": png_size(image), "sha256": sha256(image)}
            if artefacts:
                hashes = {ending: sha256(data) for ending, data in artefacts.items()}
                facts["artefacts"] = hashes
            write_atomically(self.row(sample_id), to_json({**row, **facts}))


def png_size(png: bytes) -> list[int]:
    """Width and height in pixels, from the header of a PNG file."""
    return [int.from_bytes(png[start : start + 4], "big") for start in (16, 20)]


@dataclass(frozen=True)
class Listing:
    """Sample ids in a folder that have an image or a row, and the modification time of each row."""

    images: frozenset[str]
    rows: dict[str, float]

    @property
    def done(self) -> list[str]:
        """Samples with an image and a row; `Store.done` also checks their content."""
        return [name for name in self.rows if name in self.images]


def list_samples(folder: Path) -> Listing:
    """Lists a folder once; times of rows are in seconds since the epoch."""
    images, rows = set(), {}
    with os.scandir(folder) as entries:
        for entry in entries:
            stem, suffix = os.path.splitext(entry.name)
            if entry.name.startswith(".") or not SAMPLE.fullmatch(stem):
                continue
            if suffix == ".png":
                images.add(stem)
            elif suffix == ".json":
                rows[stem] = entry.stat().st_mtime
    return Listing(frozenset(images), rows)


def find_folders(root: Path) -> list[Path]:
    """Every folder of samples at or below `root`, in order; follows links, each target once.

    Raises: UserError if there is none.
    """
    found, seen = [], set()
    for folder, inner, files in os.walk(root, followlinks=True):
        inner[:] = [name for name in inner if not name.startswith(".") and name not in ASIDE]
        place = os.path.realpath(folder)
        if place in seen:
            inner.clear()  # a link to a folder above it
        elif CONFIG in files or STATUS in files:
            found.append(Path(folder))
        seen.add(place)
    if not found:
        raise UserError(
            f"{root}: no results there; run python -m synclab.run first, or name another folder"
        )
    return sorted(found)


def method_folders(task: Path) -> list[Path]:
    """Folders of a task's methods, including links; ignores other entries."""
    folders = (path for path in task.glob("*") if path.is_dir() and path.name not in ASIDE)
    return sorted(path for path in folders if not path.name.startswith("."))


def foreign(folder: Path) -> list[Path]:
    """Files in a folder of samples that belong to no sample: copies, files of other programs.

    Hidden files, such as the claims of a running command, are not among them.
    """
    own = (CONFIG, STATUS, LOG)
    files = (path for path in folder.glob("[!.]*") if path.is_file() and path.name not in own)
    return sorted(path for path in files if not is_sample(path))


def is_sample(path: Path) -> bool:
    """Whether a file name is that of a sample's picture, row or artefact."""
    endings = (".png", ".json", *(f".{ending}" for ending in ARTEFACTS))
    return any(
        path.name.endswith(ending) and SAMPLE.fullmatch(path.name.removesuffix(ending))
        for ending in endings
    )


def flatten(value: Any, prefix: str = "") -> dict[str, Any]:
    """{'a': {'b': 1}} as {'a.b': 1}."""
    return dict(_leaves(value, prefix))


def _leaves(value: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, Mapping):
        yield prefix, value
        return
    for key, inner in value.items():
        yield from _leaves(inner, f"{prefix}.{key}" if prefix else str(key))
