"""Content hashes of input files, cached by path, size and modification time.

The cache is a small file in the user's cache folder (or in $SYNCLAB_CACHE), so that a rerun does
not read gigabytes of weights again. If it is damaged or not writable, files are hashed again.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from synclab.core.atomic import write_atomically
from synclab.core.hashing import digest, to_json

BLOCK = 1 << 20
"""Bytes read at a time."""


def hash_of_files(files: Iterable[Path]) -> str:
    """Hash of several files by their names and contents, in the order of their names."""
    return digest(*(part for file in sorted(files) for part in (file.name, file_hash(file))))


def file_hash(*paths: Path) -> str:
    """Hexadecimal SHA-256 of the contents of files, concatenated.

    Raises: OSError if one cannot be read.
    """
    key, known = " ".join(map(state, paths)), remembered()
    if key not in known:
        known[key] = hash_content(paths)
        with suppress(OSError):
            memory().parent.mkdir(parents=True, exist_ok=True)
            write_atomically(memory(), to_json(known))
    return known[key]


def state(path: Path) -> str:
    """Path, size and modification time of a file, which change with its content."""
    found = path.stat()
    return f"{path.resolve()} {found.st_size} {found.st_mtime_ns}"


def hash_content(paths: Iterable[Path]) -> str:
    content = hashlib.sha256()
    for path in paths:
        with path.open("rb") as stream:
            while block := stream.read(BLOCK):
                content.update(block)
    return content.hexdigest()


def memory() -> Path:
    """Path of the cache."""
    return cache_folder() / "hashes.json"


def cache_folder() -> Path:
    """$SYNCLAB_CACHE, or synclab's folder in the user's cache folder."""
    own = os.environ.get("SYNCLAB_CACHE")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(own) if own else cache / "synclab"


def remembered() -> dict[str, str]:
    """All cached hashes; empty if the cache is missing or damaged."""
    with suppress(OSError, ValueError):
        known = json.loads(memory().read_text(encoding="utf-8"))
        if isinstance(known, dict):
            return known
    return {}
