"""Bundles: the scores, rows and hashes of results in one file, for others to check."""

import json
from collections.abc import Iterator
from pathlib import Path

from synclab.core.atomic import write_atomically
from synclab.core.hashing import sha256
from synclab.errors import UserError
from synclab.store.bundle import MANIFEST, pack
from synclab.store.folder import CONFIG
from synclab.viewers.entries import Entry, find_entries
from synclab.viewers.media import shrunk


def write_bundle(root: Path, path: Path) -> int:
    """Writes the bundle of all results at or below a folder; returns its number of samples.

    It holds each configuration, row and file of scores under its path in `root`, a thumbnail of
    each sample, and the SHA-256 of all these in its manifest.

    Raises: UserError if there are no finished samples, or `path` is no ZIP file's name.
    """
    if path.suffix != ".zip":
        raise UserError(f"--to {path}: expected the name of a ZIP file, such as tiny.zip")
    entries = find_entries(root)
    files = dict(contents(root, entries))
    manifest = {name: sha256(data) for name, data in files.items()}
    write_atomically(path, pack(files | {MANIFEST: json.dumps(manifest, indent=1).encode()}))
    return len(entries)


def contents(root: Path, entries: list[Entry]) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of all files but the manifest."""
    folders = sorted({entry.picture.path.parent for entry in entries})
    for folder in folders:
        yield named(folder / CONFIG, root)
    for task in sorted({folder.parent for folder in folders}):
        yield from (named(scores, root) for scores in sorted(task.glob("scores*.json")))
    for entry in entries:
        yield named(entry.picture.path.with_suffix(".json"), root)
        small = entry.picture.path.relative_to(root).with_suffix(".webp")
        yield f"thumbnails/{small.as_posix()}", shrunk(entry.preview[0])


def named(path: Path, root: Path) -> tuple[str, bytes]:
    return path.relative_to(root).as_posix(), path.read_bytes()
