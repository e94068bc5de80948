"""Claims: how processes that share a folder divide its samples, without a server.

A claim is a hidden file that only one process can create. It is a lease: its holder touches it
while it works, and a claim that was not touched for LEASE seconds, or whose process has ended, is
taken over. Claims only avoid duplicate work: two holders of one sample would write the same picture
atomically.
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self
from uuid import uuid4

from synclab.core.atomic import create_once, gone, owner

LEASE = 120.0  # seconds
PAUSE = 0.5  # seconds between checks of a claim that another process holds


class Claims:
    """This process's claims in a folder; as a context manager it renews and then releases them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._held: dict[str, bytes] = {}
        self._stop = threading.Event()

    def __enter__(self) -> Self:
        threading.Thread(target=self._renew, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for name in list(self._held):
            self.release(name)

    def take(self, name: str) -> bool:
        """Claims `name`, taking over a stale claim; returns whether it succeeded."""
        path, mine = claim_path(self.folder, name), f"{owner()} {uuid4().hex}".encode()
        made = create_once(path, mine) or (break_stale(path) and create_once(path, mine))
        if made:
            self._held[name] = mine
        return made

    def release(self, name: str) -> None:
        """Releases `name`, unless another process has taken it over."""
        path = claim_path(self.folder, name)
        with suppress(OSError):
            if path.read_bytes() == self._held.pop(name, None):
                path.unlink()

    @contextmanager
    def holding(self, name: str) -> Iterator[None]:
        """Waits for the claim on `name` and holds it during a block."""
        while not self.take(name):
            time.sleep(PAUSE / 10)
        try:
            yield
        finally:
            self.release(name)

    def _renew(self) -> None:
        while not self._stop.wait(LEASE / 4):
            for name in list(self._held):
                with suppress(OSError):
                    os.utime(claim_path(self.folder, name))


def claim_path(folder: Path, name: str) -> Path:
    return folder / f".{name}.claim"


def holders(folder: Path) -> dict[str, str]:
    """Active claims of a folder, {name: process@host}, without stale ones."""
    living = {}
    for path in folder.glob(".*.claim"):
        holder = read(path)
        if holder and not stale(path, holder, time.time()):
            living[path.name[1:].removesuffix(".claim")] = holder.split()[0].decode()
    return living


def read(path: Path) -> bytes:
    """A claim's content; empty if there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def stale(path: Path, holder: bytes, now: float) -> bool:
    """Whether a claim's holder has ended, or has not renewed it within its lease.

    A claim with our own PID is left over from before a restart: containers reuse PIDs.
    """
    name = holder.decode(errors="replace").split(" ")[0]
    if gone(name) or name == owner():
        return True
    try:
        return now - path.stat().st_mtime > LEASE
    except FileNotFoundError:
        return False


def break_stale(path: Path) -> bool:
    """Removes a stale claim; returns False if the claim is active."""
    holder = read(path)
    if not holder or not stale(path, holder, server_time(path.parent)):
        return not holder
    aside = path.with_name(f".{path.name}.{uuid4().hex}.{owner()}.part")
    with suppress(FileNotFoundError):
        os.rename(path, aside)
        if aside.read_bytes() != holder:  # another process removed it first and claimed it
            with suppress(FileExistsError):
                os.link(aside, path)
        aside.unlink()
    return True


def clear_stale(folder: Path) -> None:
    """Removes all stale claims, including those on finished samples."""
    for path in folder.glob(".*.claim"):
        break_stale(path)


def server_time(folder: Path) -> float:
    """The current time of the folder's file system, whose clock may differ from the machine's."""
    probe = folder / f".clock.{owner()}.part"
    try:
        probe.touch()
        return probe.stat().st_mtime
    finally:
        probe.unlink(missing_ok=True)
