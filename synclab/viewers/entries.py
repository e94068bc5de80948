"""The samples that a report shows, and all that it says of each."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synclab.config.overrides import assignment
from synclab.config.usual import usual
from synclab.core.file_hash import file_hash
from synclab.errors import UserError
from synclab.places import candidates
from synclab.store.folder import Store, find_folders
from synclab.store.pictures import Picture, read_pictures

PANORAMIC = {"panorama", "panorama_8k", "sphere"}
"""Tasks whose pictures are equirectangular."""

VIEWERS = {"glb": "mesh", "ply": "gaussians", "npy": "motion"}
"""Viewers of the artefacts that have one, by their endings."""

GROUPS = ("method", "task", "prior")

FACTS = {
    "nfe": "Network evaluations",
    "seconds": "Seconds",
    "peak_memory_mb": "Peak memory, MB",
    "device": "Device",
    "preset": "Preset",
    "checkpoint": "Checkpoint",
    "weights": "SHA-256 of its denoiser",
    "hash": "Configuration",
    "sha256": "SHA-256 of the picture",
    "revision": "Revision of synclab",
    "versions": "Versions",
}
"""What the page lists of a row, in this order."""


@dataclass(frozen=True)
class Entry:
    """One finished sample and where it belongs."""

    task: str
    method: str
    picture: Picture

    @property
    def row(self) -> Mapping[str, Any]:
        return self.picture.row

    @property
    def kind(self) -> str:
        """The viewer that shows it: mesh, gaussians, motion, panorama or picture."""
        if self.solid:
            return VIEWERS[self.solid]
        return "panorama" if self.task in PANORAMIC else "picture"

    @property
    def solid(self) -> str | None:
        """The ending of the artefact that a viewer of its own shows, if there is one."""
        return next((ending for ending in VIEWERS if ending in self.row.get("artefacts", {})), None)

    @property
    def preview(self) -> tuple[Path, str]:
        """The file that its thumbnail shows, and the file's hash: of a mesh its views."""
        views = self.row.get("artefacts", {}).get("views.png")
        return (self.file("views.png"), views) if views else (self.picture.path, self.row["sha256"])

    @property
    def object(self) -> tuple[Path, str]:
        """The file that its viewer opens, and the file's hash."""
        if self.solid:
            return self.file(self.solid), self.row["artefacts"][self.solid]
        return self.picture.path, self.row["sha256"]

    @property
    def files(self) -> list[Path]:
        """The picture, its artefacts and its row."""
        beside = [self.file(ending) for ending in self.row.get("artefacts", {})]
        return [self.picture.path, *beside, self.picture.path.with_suffix(".json")]

    @property
    def seconds(self) -> float | None:
        return self.row.get("seconds", {}).get("total")

    @property
    def facts(self) -> dict[str, Any]:
        known = {key: name for key, name in FACTS.items() if self.row.get(key) is not None}
        return {name: readable(self.row[key]) for key, name in known.items()}

    @property
    def command(self) -> str:
        """The command that makes the sample again."""
        if "config" not in self.row:
            return "taken over by synclab ingest"
        choices = {"method": self.method, "task": self.task, "prior": self.row["prior"]}
        chosen = [f"{group}={name}" for group, name in choices.items()]
        preset = f"preset={self.row.get('preset', 'fixed')}"
        words = [*chosen, *changes(self.row["config"], (*chosen, preset)), preset]
        sample = [assignment("prompt", self.picture.prompt), f"seed={self.row['seed']}"]
        return shlex.join(["synclab", "run", *words, *sample])

    def file(self, ending: str) -> Path:
        return Store(self.picture.path.parent).artefact(self.picture.path.stem, ending)


def find_entries(root: Path) -> list[Entry]:
    """All finished samples at or below a folder, by task, prompt, seed and method.

    Raises: UserError if there are none.
    """
    found = [
        Entry(folder.parent.name, folder.name, picture)
        for folder in find_folders(root)
        for picture in read_pictures(folder)
    ]
    if not found:
        raise UserError(f"{root}: no finished sample there; run python -m synclab.run first")
    return sorted(
        found, key=lambda own: (own.task, own.picture.prompt, own.row["seed"], own.method)
    )


def changes(config: Mapping[str, Any], chosen: tuple[str, ...]) -> list[str]:
    """Keys whose values differ from those that the choices alone would give."""
    without = usual(chosen)
    return [
        assignment(f"{group}.{key}", "FILE" if is_hash(key, value) else value)
        for group in GROUPS
        for key, value in config.get(group, {}).items()
        if key in without.get(group, {})
        and key != "_target_"
        and not is_usual(key, value, without[group][key])
    ]


def is_usual(key: str, value: Any, usual: Any) -> bool:
    """Whether a recorded value is that of the choices, or the hash of the file that they name."""
    if not is_hash(key, value) or usual is None:
        return value == usual
    files = filter(Path.is_file, candidates(usual))
    return any(file_hash(file) == value for file in files)


def is_hash(key: str, value: Any) -> bool:
    """Whether it stands for a file: a LoRA is recorded by its SHA-256, which has no path."""
    return key == "lora" and bool(re.fullmatch("[0-9a-f]{64}", str(value)))


def readable(value: Any) -> Any:
    """A mapping as one line, "a 1, b 2"."""
    if not isinstance(value, Mapping):
        return value
    return ", ".join(f"{key} {own}" for key, own in value.items())
