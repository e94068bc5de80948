"""How far all runs of a tree are: one line for each task and method.

    python -m synclab.status results/tiny

Names are counted, not hashed; `python -m synclab.verify` looks inside.
"""

import logging
import sys
from pathlib import Path

from synclab.command import complain
from synclab.errors import UserError
from synclab.store.folder import find_folders
from synclab.store.progress import progress
from synclab.text_table import table

log = logging.getLogger(__name__)

HEADER = ("folder", "done", "running", "failed", "missing", "s/sample", "per hour", "left", "error")


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
