"""Hashes all samples of a tree again and lists damaged files.

    synclab verify
    synclab verify results/tiny/panorama
    synclab verify tiny.zip --pictures results/tiny    # a file of synclab bundle

Running a damaged sample's command again replaces it. The exit code is 1 if anything is damaged.
"""

import argparse
import itertools
import json
import logging
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from tqdm import tqdm

from synclab import command
from synclab.core.atomic import left_behind
from synclab.core.hashing import sha256
from synclab.store.bundle import check_bundle
from synclab.store.claims import holders
from synclab.store.folder import CONFIG, find_folders, list_samples

log = logging.getLogger(__name__)


def check(folder: Path) -> Iterator[str]:
    """One line for each damaged file in a folder; skips samples that are being written."""
    yield from check_config(folder / CONFIG)
    listing, held = list_samples(folder), holders(folder)
    for name in sorted(listing.images - listing.rows.keys() - held.keys()):
        yield f"{folder / name}.png: no row; its sample is unfinished"
    for part in sorted(folder.glob(".*.part")):
        if left_behind(part):
            yield f"{part}: left behind by a process that has ended"
    rows = tqdm(sorted(listing.rows.keys() - held.keys()), desc=str(folder), disable=None)
    yield from filter(None, (check_sample(folder, name) for name in rows))


def check_config(path: Path) -> Iterator[str]:
    if not path.exists():
        yield f"{path}: missing"
    elif not isinstance(read_json(path), dict):
        yield f"{path}: not JSON"


def check_sample(folder: Path, name: str) -> str | None:
    """The damage of a sample that has a row; None if it is intact."""
    path, image = folder / f"{name}.json", folder / f"{name}.png"
    row = read_json(path)
    if not isinstance(row, dict):
        return f"{path}: not JSON"
    if "sha256" not in row:
        return None  # another program's file
    if row.get("id") != name:
        return f"{path}: the row of another sample, {row.get('id')}"
    if not image.exists():
        return f"{image}: missing, but has a row"
    if row["sha256"] != sha256(image.read_bytes()):
        return f"{image}: differs from its row's hash"
    return check_artefacts(folder, name, row.get("artefacts", {}))


def check_artefacts(folder: Path, name: str, hashes: Mapping[str, str]) -> str | None:
    """The damage of the files beside a sample's image; None if they are intact."""
    for ending, digest in hashes.items():
        path = folder / f"{name}.{ending}"
        if not path.exists():
            return f"{path}: missing, but has a row"
        if digest != sha256(path.read_bytes()):
            return f"{path}: differs from its row's hash"
    return None


def read_json(path: Path) -> object:
    try:
        return json.loads(path.read_bytes())
    except ValueError:
        return None


def verify(arguments: argparse.Namespace) -> int:
    """Prints all damaged files; the exit code is 1 if there are any."""
    bundles = [path for path in arguments.folders if path.suffix == ".zip"]
    roots = [path for path in arguments.folders if path.suffix != ".zip"]
    folders = [folder for root in roots for folder in find_folders(root)]
    checks = [*(check_bundle(path, arguments.pictures) for path in bundles), *map(check, folders)]
    damage = 0
    for line in itertools.chain.from_iterable(checks):
        log.info("%s", line)
        damage += 1
    counted = f"{len(bundles)} bundles" if bundles else f"{len(folders)} folders"
    log.info("%s, %d damaged files", counted, damage)
    return min(damage, 1)


def main() -> int:
    arguments = command.parser("synclab verify", __doc__)
    command.add_folders(arguments)
    arguments.add_argument(
        "--pictures", type=Path, metavar="FOLDER", help="of a bundle: the folder it was made from"
    )
    return command.main(arguments, verify)


if __name__ == "__main__":
    sys.exit(main())
