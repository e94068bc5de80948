"""The results folder: one sample is one image and one JSON row, both written atomically.

A sample is done when its row exists and the image has the row's hash; the row is written last. A
folder belongs to one configuration and refuses others.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from synclab.errors import UserError


class Store:
    """Samples of one (task, method) under `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def check(self, config: Mapping[str, Any]) -> None:
        """Refuses a folder that another configuration made, naming the keys that differ."""
        old, new = flatten(self._config()), flatten(config)
        keys = [key for key in sorted({*old, *new}) if old and old.get(key) != new.get(key)]
        if keys:
            changes = ", ".join(f"{k}={old.get(k)} there, {new.get(k)} now" for k in keys[:4])
            raise UserError(
                f"{self.folder}: made by another configuration ({changes});"
                " start another with run=NAME, or delete the folder"
            )

    def _config(self) -> dict[str, Any]:
        """The configuration that made the folder, empty before the first run."""
        path = self.folder / "config.json"
        try:
            return json.loads(path.read_text())
        except OSError:
            return {}
        except ValueError as error:
            raise UserError(f"{path}: not JSON ({error}); delete the folder") from error

    def open(self, config: Mapping[str, Any]) -> None:
        """Makes the folder with its configuration and clears what killed runs left half written."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_atomically(self.folder / "config.json", to_json(config))
            for part in self.folder.glob(".*.part"):
                if not running(int(part.suffixes[-2][1:])):
                    part.unlink(missing_ok=True)
        except OSError as error:
            raise UserError(
                f"results={self.folder}: cannot write there ({error.strerror});"
                " expected a writable folder, choose another with results=FOLDER"
            ) from error

    def image(self, sample_id: str) -> Path:
        return self.folder / f"{sample_id}.png"

    def row(self, sample_id: str) -> Path:
        return self.folder / f"{sample_id}.json"

    def done(self, sample_id: str) -> bool:
        """True when the row is there and its image is what the row says."""
        try:
            row = json.loads(self.row(sample_id).read_text())
            return row["sha256"] == sha256(self.image(sample_id).read_bytes())
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def write(self, sample_id: str, image: bytes, row: Mapping[str, Any]) -> None:
        """Stores the image, then the row that makes the sample done."""
        try:
            write_atomically(self.image(sample_id), image)
            write_atomically(self.row(sample_id), to_json({**row, "sha256": sha256(image)}))
        except OSError as error:
            raise UserError(
                f"results={self.folder}: cannot write {sample_id} ({error.strerror});"
                " make room or rights and run the same command again"
            ) from error


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def to_json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()


def write_atomically(path: Path, content: bytes) -> None:
    """All or nothing: a hidden temporary name, synced to disk, then moved into place."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def running(process: int) -> bool:
    """Whether there is such a process: another run may be writing to the same folder."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def flatten(value: Any, prefix: str = "") -> dict[str, Any]:
    """{'a': {'b': 1}} as {'a.b': 1}."""
    return dict(_leaves(value, prefix))


def _leaves(value: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, Mapping):
        yield prefix, value
        return
    for key, inner in value.items():
        yield from _leaves(inner, f"{prefix}.{key}" if prefix else str(key))
