"""Shows the progress of all runs in a tree, one line for each task and method.

    synclab status
    synclab status results/tiny results/exact

The rate is the wall-clock rate of the last samples over all processes, without pauses. Files are
only counted; `synclab verify` checks their content.
"""

import argparse
import logging
import sys

from synclab import command
from synclab.store.folder import find_folders
from synclab.store.progress import progress, total
from synclab.text_table import table

log = logging.getLogger(__name__)

HEADER = ("folder", "done", "running", "failed", "missing", "s/sample", "per hour", "left", "error")


def show(arguments: argparse.Namespace) -> None:
    """Prints a line for every folder of samples."""
    folders = [folder for root in arguments.folders for folder in find_folders(root)]
    found = [progress(folder) for folder in folders]
    rows = [each.cells() for each in found]
    for line in table(HEADER, rows + [total(found)] * (len(found) > 1)):
        log.info("%s", line)


def main() -> int:
    arguments = command.parser("synclab status", __doc__)
    command.add_folders(arguments)
    return command.main(arguments, show)


if __name__ == "__main__":
    sys.exit(main())
