"""Shows results: a page of samples with viewers, plots and tables, and contact sheets of tasks.

synclab report results/tiny
synclab report results/tiny/panorama
synclab report results/tiny/panorama --sheets    # and METHOD.webp, small, one seed of each prompt
"""

import argparse
import logging
import sys
from pathlib import Path

from synclab import command
from synclab.viewers.entries import find_entries
from synclab.viewers.method_sheet import write_method_sheets
from synclab.viewers.page import write_entries
from synclab.viewers.samples import by_task
from synclab.viewers.sheet import write_sheet

log = logging.getLogger(__name__)


def report(arguments: argparse.Namespace) -> None:
    """Writes a page to every folder, a sheet to those of a task, and METHOD.webp to all tasks."""
    for folder in arguments.folders:
        entries = find_entries(folder)
        log.info("%s", write_entries(folder, entries))
        tasks = by_task(entries)
        if samples := tasks.get(folder):
            sheet = folder / "sheet.png"
            write_sheet(sheet, samples)
            log.info("%s", sheet)
        if arguments.sheets:
            for task, samples in tasks.items():
                write_method_sheets(task, samples)
                log.info("%s: %s", task, ", ".join(f"{method}.webp" for method in samples))


def main() -> int:
    arguments = command.parser("synclab report", __doc__)
    arguments.add_argument(
        "folders", nargs="*", type=Path, default=[Path("results/tiny")],
        metavar="results/RUN[/TASK]", help="results/tiny by default",
    )  # fmt: skip
    arguments.add_argument("--sheets", action="store_true", help="a small sheet of every method")
    return command.main(arguments, report)


if __name__ == "__main__":
    sys.exit(main())
