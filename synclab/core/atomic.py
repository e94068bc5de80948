"""Atomic file writes, also on NFS: readers never see a partial file.

A file is written under a hidden temporary name and then renamed. Temporary names end in
`.PROCESS@HOST.part`, which distinguishes leftovers of killed processes from files being written.
"""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ABANDONED = 3600.0
"""Seconds after which a temporary file of another machine counts as left behind."""


def owner() -> str:
    """Identifies this process among all machines; not cached, because a fork is another process."""
    return f"{os.getpid()}@{socket.gethostname()}"


def gone(name: str) -> bool:
    """Whether an owner is a process of this machine that has ended."""
    process, _, host = name.partition("@")
    if host != socket.gethostname() or not process.isdigit():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False


def write_atomically(path: Path, content: bytes) -> None:
    """Replaces a file and syncs it to disk; readers see either the old or the new content."""
    with written(path, content) as part:
        os.replace(part, path)


def create_once(path: Path, content: bytes) -> bool:
    """Creates a file unless it exists; of several processes exactly one gets True."""
    with written(path, content) as part:
        try:
            os.link(part, path)
        except FileExistsError:
            # NFS may repeat a request whose reply was lost: the link count shows success.
            return part.stat().st_nlink == 2
        return True


@contextmanager
def written(path: Path, content: bytes) -> Iterator[Path]:
    """Writes a temporary file beside `path`, synced to disk, and removes it at the end."""
    part = path.with_name(f".{path.name}.{owner()}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield part
    finally:
        part.unlink(missing_ok=True)


def clear_leftovers(folder: Path) -> None:
    """Removes half-written files of killed processes."""
    for part in folder.glob(".*.part"):
        if left_behind(part):
            part.unlink(missing_ok=True)


def left_behind(part: Path) -> bool:
    """Whether a temporary file is abandoned: its process has ended, or the file is very old."""
    process, at, host = part.name.removesuffix(".part").rpartition("@")
    if gone(process.rpartition(".")[2] + at + host):
        return True
    try:
        return time.time() - part.stat().st_mtime > ABANDONED
    except FileNotFoundError:
        return False
