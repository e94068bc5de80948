"""Shows results: a page of samples with viewers, plots and tables, and contact sheets of tasks.

synclab report results/tiny
synclab report results/tiny/panorama
"""

import argparse
import logging
import sys
from pathlib import Path

from synclab import command
from synclab.store.folder import find_folders
from synclab.viewers.page import write_page
from synclab.viewers.sheet import write_sheet

log = logging.getLogger(__name__)


def report(arguments: argparse.Namespace) -> None:
    """Writes a page to every folder, and a sheet to those of a task."""
    for folder in arguments.folders:
        log.info("%s", write_page(folder))
        if folder in {place.parent for place in find_folders(folder)}:
            log.info("%s", write_sheet(folder))


def main() -> int:
    arguments = command.parser("synclab report", __doc__)
    arguments.add_argument(
        "folders", nargs="*", type=Path, default=[Path("results/tiny")],
        metavar="results/RUN[/TASK]", help="results/tiny by default",
    )  # fmt: skip
    return command.main(arguments, report)


if __name__ == "__main__":
    sys.exit(main())
