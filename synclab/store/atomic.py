"""Atomic file writes, also on NFS: a hidden temporary name, then one step; no partial files seen.

Temporary names end in `.PROCESS@HOST.part`, so that what a killed process left behind can be told
from what a living one is writing.
"""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ABANDONED = 3600.0
"""Seconds after which another machine's temporary file counts as left behind."""


def owner() -> str:
    """This process among those of all machines; asked anew, for a fork is another."""
    return f"{os.getpid()}@{socket.gethostname()}"


def gone(name: str) -> bool:
    """Whether an owner is a process of this machine that no longer runs."""
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
    """Replaces a file: readers see the old one or the new one, and the new one is on the disk."""
    with written(path, content) as part:
        os.replace(part, path)


def create_once(path: Path, content: bytes) -> bool:
    """Makes a file that is not there; of several processes one makes it. True for that one."""
    with written(path, content) as part:
        try:
            os.link(part, path)
        except FileExistsError:
            # NFS may repeat a request whose answer was lost: the link count shows it.
            return part.stat().st_nlink == 2
        return True


@contextmanager
def written(path: Path, content: bytes) -> Iterator[Path]:
    """A temporary file beside `path`, synced to the disk; gone afterwards."""
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
    """Whether nobody will finish a temporary file: its process is gone, or it is very old."""
    process, at, host = part.name.removesuffix(".part").rpartition("@")
    if gone(process.rpartition(".")[2] + at + host):
        return True
    try:
        return time.time() - part.stat().st_mtime > ABANDONED
    except FileNotFoundError:
        return False
