"""How far all runs of a tree are: one line for each task and method.

    python -m synclab.status results/tiny

Names are counted, not hashed; `python -m synclab.verify` looks inside.
"""

import json
import logging
import statistics
import sys
from dataclasses import dataclass
from datetime import timedelta
from heapq import nlargest
from pathlib import Path
from typing import Any

from synclab.claims import holders
from synclab.command import complain
from synclab.errors import UserError
from synclab.journal import JOB, read_status
from synclab.store import STATUS, Listing, find_folders, list_samples

log = logging.getLogger(__name__)

RECENT = 20
"""Rows, the newest, whose seconds stand for those to come."""

HEADER = ("folder", "done", "running", "failed", "missing", "s/sample", "per hour", "left", "error")


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


def table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    """Columns under a header, as wide as they need to be; numbers stand to the right."""
    cells = [header, *rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(align(row, widths)).rstrip() for row in cells]


def align(row: tuple[str, ...], widths: list[int]) -> list[str]:
    first, *numbers, last = zip(row, widths, strict=True)
    return [first[0].ljust(first[1]), *(text.rjust(width) for text, width in numbers), last[0]]


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        folders = [f for name in sys.argv[1:] or ["results"] for f in find_folders(Path(name))]
    except UserError as error:
        return complain(str(error))
    for line in table(HEADER, [progress(folder).cells() for folder in folders]):
        log.info("%s", line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
