"""Content hashes of input files, remembered by path, size and time of change.

The memory is a small file in the user's cache (or in $SYNCLAB_CACHE), so that a rerun does not read
gigabytes of weights again. A damaged or unwritable memory only costs the time to hash once more.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from synclab.core.hashing import digest, to_json
from synclab.store.atomic import write_atomically

BLOCK = 1 << 20
"""Bytes that are read at once."""


def hash_of_files(files: Iterable[Path]) -> str:
    """One hash of several files, by their names and contents."""
    return digest(*(part for file in sorted(files) for part in (file.name, file_hash(file))))


def file_hash(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's content.

    Raises: OSError where it cannot be read.
    """
    state = path.stat()
    key = f"{path.resolve()} {state.st_size} {state.st_mtime_ns}"
    known = remembered()
    if key not in known:
        known[key] = hash_content(path)
        with suppress(OSError):
            memory().parent.mkdir(parents=True, exist_ok=True)
            write_atomically(memory(), to_json(known))
    return known[key]


def hash_content(path: Path) -> str:
    content = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            content.update(block)
    return content.hexdigest()


def memory() -> Path:
    """Where hashes are remembered."""
    own = os.environ.get("SYNCLAB_CACHE")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return (Path(own) if own else cache / "synclab") / "hashes.json"


def remembered() -> dict[str, str]:
    """All remembered hashes; none where the file is missing or damaged."""
    with suppress(OSError, ValueError):
        known = json.loads(memory().read_text(encoding="utf-8"))
        if isinstance(known, dict):
            return known
    return {}
