"""How far a folder of samples is, counted by names; nothing is hashed."""

import json
import statistics
from dataclasses import dataclass
from datetime import timedelta
from heapq import nlargest
from pathlib import Path
from typing import Any

from synclab.store.claims import holders
from synclab.store.folder import STATUS, Listing, list_samples
from synclab.store.journal import JOB, read_status

RECENT = 20
"""Rows, the newest, whose seconds stand for those to come."""


@dataclass(frozen=True)
class Progress:
    """How far one folder is.

    Args:
        processes: that hold samples there now.
        seconds: of a sample, the median of the last ones; None before the first.
        error: the last one, of a sample that is still not done or of a whole job.
    """

    folder: Path
    done: int
    running: int
    failed: int
    missing: int
    processes: int
    seconds: float | None
    error: str

    @property
    def per_hour(self) -> float | None:
        return self.seconds and 3600 * max(1, self.processes) / self.seconds

    @property
    def left(self) -> timedelta | None:
        """At the present rate, or at that of one process where none is at work."""
        if not self.per_hour:
            return None
        return timedelta(hours=(self.running + self.failed + self.missing) / self.per_hour)

    def cells(self) -> tuple[str, ...]:
        seconds = f"{self.seconds:.1f}" if self.seconds is not None else "–"
        rate = f"{self.per_hour:.0f}" if self.per_hour else "–"
        left = str(self.left).split(".")[0] if self.left is not None else "–"
        counts = (self.done, self.running, self.failed, self.missing)
        return (str(self.folder), *map(str, counts), seconds, rate, left, self.error)


def progress(folder: Path) -> Progress:
    """Reads one folder."""
    status, listing = read_status(folder), list_samples(folder)
    held = {name: holder for name, holder in holders(folder).items() if name != STATUS}
    done = set(listing.done)
    left = set(status.get("wanted", ())) - done
    failures = {n: f for n, f in status.get("failures", {}).items() if n in left or n == JOB}
    failed = failures.keys() - {JOB} - held.keys()
    return Progress(
        folder=folder,
        done=len(done),
        running=len(held),
        failed=len(failed),
        missing=len(left - held.keys() - failed),
        processes=len(set(held.values())),
        seconds=recent_seconds(folder, listing),
        error=last_error(failures) if left else "",
    )


def recent_seconds(folder: Path, listing: Listing) -> float | None:
    """Median over the newest rows."""
    newest = nlargest(RECENT, listing.done, key=listing.rows.__getitem__)
    seconds = [s for name in newest if (s := total(folder / f"{name}.json")) is not None]
    return statistics.median(seconds) if seconds else None


def total(row: Path) -> float | None:
    """Seconds that a row tells; None for a damaged one."""
    try:
        return float(json.loads(row.read_bytes())["seconds"]["total"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def last_error(failures: dict[str, Any]) -> str:
    """The newest failure with its name, empty where there is none."""
    if not failures:
        return ""
    name, failure = max(failures.items(), key=lambda item: item[1]["time"])
    return f"{name}: {failure['error']}"
