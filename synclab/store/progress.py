"""Progress of a folder of samples, from file names alone, without hashing."""

import json
import operator
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from heapq import nlargest
from itertools import pairwise
from pathlib import Path
from typing import Any

from synclab.store.claims import holders
from synclab.store.folder import STATUS, Listing, list_samples
from synclab.store.journal import JOB, read_status

RECENT = 50
"""Number of newest rows from which the rate is estimated."""

PAUSE = 5
"""A gap between samples counts as a pause if it is this many times longer than usual."""

CREDIBLE = 1000
"""Largest plausible number of processes; rows closer in time were copied, not generated."""


@dataclass(frozen=True)
class Progress:
    """Progress of one folder.

    Args:
        processes: number of processes that hold samples there now.
        seconds: median seconds of the newest samples; None before the first.
        interval: wall-clock seconds between finished samples, over all processes; for one process
            if only `seconds` is known.
        error: the latest error of an unfinished sample or of a whole job.
    """

    folder: Path
    done: int
    running: int
    failed: int
    missing: int
    processes: int
    seconds: float | None
    interval: float | None
    error: str

    @property
    def to_do(self) -> int:
        return self.running + self.failed + self.missing

    @property
    def per_hour(self) -> float | None:
        return 3600 / self.interval if self.interval else None

    @property
    def left(self) -> timedelta | None:
        """Time until all samples are done, at the current rate; None if the rate is unknown."""
        if not self.to_do:
            return timedelta()
        return timedelta(seconds=self.to_do * self.interval) if self.interval else None

    def cells(self) -> tuple[str, ...]:
        seconds = f"{self.seconds:.1f}" if self.seconds is not None else "–"
        rate = f"{self.per_hour:.0f}" if self.per_hour else "–"
        left = show_time(self.left)
        counts = (self.done, self.running, self.failed, self.missing)
        return (str(self.folder), *map(str, counts), seconds, rate, left, self.error)


def total(folders: Sequence[Progress]) -> tuple[str, ...]:
    """The cells of all folders together.

    Time left assumes that active folders continue in parallel and all others follow one by one.
    """
    names = ("done", "running", "failed", "missing")
    counts = [sum(operator.attrgetter(name)(each) for each in folders) for name in names]
    return ("total", *map(str, counts), "–", "–", show_time(left_of(folders)), "")


def left_of(folders: Sequence[Progress]) -> timedelta | None:
    """Time left for all folders; None if it is unknown for any."""
    times = [(each.left, each.processes > 0) for each in folders]
    together = [left for left, at_work in times if left is not None and at_work]
    others = [left for left, at_work in times if left is not None and not at_work]
    if len(together) + len(others) < len(folders):
        return None
    return max(together, default=timedelta()) + sum(others, timedelta())


def show_time(left: timedelta | None) -> str:
    return "–" if left is None else str(left).split(".")[0]


def progress(folder: Path) -> Progress:
    """Reads one folder."""
    status, listing = read_status(folder), list_samples(folder)
    held = {name: holder for name, holder in holders(folder).items() if name != STATUS}
    done = set(listing.done)
    left = set(status.get("wanted", ())) - done
    failures = {n: f for n, f in status.get("failures", {}).items() if n in left or n == JOB}
    failed = failures.keys() - {JOB} - held.keys()
    newest = newest_rows(listing)
    seconds = recorded_seconds(folder, newest)
    return Progress(
        folder=folder,
        done=len(done),
        running=len(held),
        failed=len(failed),
        missing=len(left - held.keys() - failed),
        processes=len(set(held.values())),
        seconds=median(seconds),
        interval=interval(sorted(listing.rows[name] for name in newest), seconds),
        error=last_error(failures) if left else "",
    )


def recent_seconds(folder: Path, listing: Listing) -> float | None:
    """Median seconds over the newest rows."""
    return median(recorded_seconds(folder, newest_rows(listing)))


def newest_rows(listing: Listing) -> list[str]:
    return nlargest(RECENT, listing.done, key=listing.rows.__getitem__)


def recorded_seconds(folder: Path, names: Iterable[str]) -> list[float]:
    """Seconds that rows record, skipping damaged rows."""
    found = (seconds_of(folder / f"{name}.json") for name in names)
    return [seconds for seconds in found if seconds is not None]


def median(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None


def interval(times: Sequence[float], seconds: Sequence[float]) -> float | None:
    """Mean seconds between samples finished at `times` (sorted), without pauses.

    Samples may finish in batches, so most gaps may be close to 0. A pause is a gap longer than
    PAUSE times the fourth longest gap and longer than the `seconds` of all these samples together.
    """
    gaps = sorted((b - a for a, b in pairwise(times)), reverse=True)
    if not gaps:
        return median(seconds)
    usual = gaps[min(3, len(gaps) // 2)]
    kept = [gap for gap in gaps if gap <= max(PAUSE * usual, sum(seconds))]
    mean = statistics.fmean(kept) if kept else 0.0
    alone = median(seconds) or 0.0
    return max(mean, alone) if mean < alone / CREDIBLE else mean


def seconds_of(row: Path) -> float | None:
    """Seconds that a row records; None for a damaged one."""
    try:
        return float(json.loads(row.read_bytes())["seconds"]["total"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def last_error(failures: dict[str, Any]) -> str:
    """The newest failure with its name; empty if there is none."""
    if not failures:
        return ""
    name, failure = max(failures.items(), key=lambda item: item[1]["time"])
    return f"{name}: {failure['error']}"
