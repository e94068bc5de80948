"""Packs the scores, rows, hashes and thumbnails of results into one file for others.

synclab bundle results/tiny --to tiny.zip
synclab verify tiny.zip
synclab verify tiny.zip --pictures results/tiny
"""

import argparse
import logging
import sys
from pathlib import Path

from synclab import command
from synclab.viewers.bundle import write_bundle

log = logging.getLogger(__name__)


def bundle(arguments: argparse.Namespace) -> None:
    path = arguments.to or Path(f"{arguments.folder.resolve().name}.zip")
    count = write_bundle(arguments.folder, path)
    log.info("%s: %d samples", path, count)


def main() -> int:
    arguments = command.parser("synclab bundle", __doc__)
    arguments.add_argument("folder", type=Path, metavar="results/RUN[/TASK]")
    arguments.add_argument("--to", type=Path, metavar="FILE.zip", help="the folder's name, .zip")
    return command.main(arguments, bundle)


if __name__ == "__main__":
    sys.exit(main())
