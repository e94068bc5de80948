"""Downloads the papers' prompts into prompts/ and checks them, or takes them from a folder.

    python scripts/fetch_prompts.py                    # all sets of prompts/papers.yaml
    python scripts/fetch_prompts.py panfusion lmagic --from a/folder

The exit code is 0 exactly when every set that was asked for is there and right.
"""

import argparse
import logging
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.request import urlopen

from synclab.command import complain
from synclab.config.prompt_sets import PromptSet, read_sets
from synclab.core.atomic import write_atomically
from synclab.errors import UserError, nearest

log = logging.getLogger(__name__)

PATIENCE = 30  # seconds without an answer


def fetch_all(names: Sequence[str], source: Path | None) -> Iterator[str]:
    """Fetches sets; yields a line for each that could not be had."""
    sets = read_sets()
    for name in names or sets:
        try:
            if name not in sets:
                raise UserError(f"no such set; {nearest(name, sets)}")
            fetch(sets[name], source)
        except UserError as error:
            yield f"{name}: {error}"


def fetch(wanted: PromptSet, source: Path | None) -> None:
    """Stores a set's file, unless it is there and right."""
    if not present(wanted):
        content = read(wanted, source)
        wanted.check(content, str(source / wanted.file if source else wanted.address))
        write_atomically(wanted.path, content)
    log.info("%s: %d prompts, %s licence", wanted.path, wanted.count, wanted.licence)


def present(wanted: PromptSet) -> bool:
    try:
        wanted.check(wanted.path.read_bytes(), str(wanted.path))
    except (OSError, UserError):
        return False
    return True


def read(wanted: PromptSet, source: Path | None) -> bytes:
    """The file's content from a folder or from its address."""
    try:
        if source:
            return (source / wanted.file).read_bytes()
        with urlopen(wanted.address, timeout=PATIENCE) as answer:
            return answer.read()
    except OSError as error:
        place = source / wanted.file if source else wanted.address
        raise UserError(
            f"cannot read {place} ({error}); get {wanted.address} by other means and say"
            " --from FOLDER"
        ) from error


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--from", dest="source", type=Path, metavar="FOLDER")
    args = parser.parse_args()
    return max(map(complain, fetch_all(args.names, args.source)), default=0)


if __name__ == "__main__":
    sys.exit(main())
