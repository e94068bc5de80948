"""Hashes all samples of a tree anew and lists what is damaged.

    python -m synclab.verify results/tiny

The command that made a damaged sample makes it again. The exit code is 1 where there is damage.
"""

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

from synclab.command import complain
from synclab.core.hashing import sha256
from synclab.errors import UserError
from synclab.store.atomic import left_behind
from synclab.store.claims import holders
from synclab.store.folder import CONFIG, find_folders, list_samples

log = logging.getLogger(__name__)


def check(folder: Path) -> Iterator[str]:
    """One line for each damage in a folder of samples; what is being written now is left alone."""
    yield from check_config(folder / CONFIG)
    listing, held = list_samples(folder), holders(folder)
    for name in sorted(listing.images - listing.rows.keys() - held.keys()):
        yield f"{folder / name}.png: no row, half written"
    for part in sorted(folder.glob(".*.part")):
        if left_behind(part):
            yield f"{part}: left by a process that is gone"
    rows = tqdm(sorted(listing.rows.keys() - held.keys()), desc=str(folder), disable=None)
    yield from filter(None, (check_sample(folder, name) for name in rows))


def check_config(path: Path) -> Iterator[str]:
    if not path.exists():
        yield f"{path}: missing"
    elif not isinstance(read_json(path), dict):
        yield f"{path}: not JSON"


def check_sample(folder: Path, name: str) -> str | None:
    """What is wrong with a sample that has a row; None for one that is whole."""
    path, image = folder / f"{name}.json", folder / f"{name}.png"
    row = read_json(path)
    if not isinstance(row, dict):
        return f"{path}: not JSON"
    if "sha256" not in row:
        return None  # another program's file
    if row.get("id") != name:
        return f"{path}: the row of another sample, {row.get('id')}"
    if not image.exists():
        return f"{image}: missing, its row is there"
    if row["sha256"] != sha256(image.read_bytes()):
        return f"{image}: not what its row says"
    return None


def read_json(path: Path) -> object:
    try:
        return json.loads(path.read_bytes())
    except ValueError:
        return None


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        folders = [f for name in sys.argv[1:] or ["results"] for f in find_folders(Path(name))]
    except UserError as error:
        return complain(str(error))
    damage = 0
    for folder in folders:
        for line in check(folder):
            log.info("%s", line)
            damage += 1
    log.info("%d folders, %d damaged files", len(folders), damage)
    return min(damage, 1)


if __name__ == "__main__":
    sys.exit(main())
