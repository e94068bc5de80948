"""Packs results into one file, and checks such a file."""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from synclab.core.hashing import config_hash, sha256
from synclab.errors import UserError
from synclab.store.folder import CONFIG, SAMPLE

MANIFEST = "manifest.json"
"""The SHA-256 of every other file by its name."""

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The date of all files, so that equal results have equal bundles."""


def pack(files: Mapping[str, bytes]) -> bytes:
    """A ZIP file; equal files give equal bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        for name in sorted(files):
            bundle.writestr(zipfile.ZipInfo(name, EPOCH), files[name], zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def unpack(path: Path) -> dict[str, bytes]:
    """All files of a bundle by their names.

    Raises: UserError if it is none.
    """
    expected = "expected a bundle of synclab bundle"
    try:
        with zipfile.ZipFile(path) as bundle:
            files = {name: bundle.read(name) for name in bundle.namelist()}
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; {expected}") from error
    except zipfile.BadZipFile as error:
        raise UserError(f"{path}: {error}; {expected}") from error
    if MANIFEST not in files:
        raise UserError(f"{path}: without {MANIFEST}; {expected}")
    return files


def check_bundle(path: Path, pictures: Path | None = None) -> Iterator[str]:
    """One line for each file of a bundle that is damaged, missing or contradicts another.

    Args:
        pictures: the folder that was bundled; its pictures are held against the rows.
    """
    files = unpack(path)
    manifest = read_manifest(files.pop(MANIFEST))
    for name in sorted(manifest.keys() | files.keys()):
        if name not in files:
            yield f"{path}: {name}: missing"
        elif sha256(files[name]) != manifest.get(name):
            yield f"{path}: {name}: differs from the manifest"
    for name in sorted(files):
        try:
            yield from check_content(path, name, files, pictures)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            yield f"{path}: {name}: not as synclab writes it ({error})"


def check_content(
    path: Path, name: str, files: Mapping[str, bytes], pictures: Path | None
) -> Iterator[str]:
    """What a file of a bundle says must agree with the others."""
    if is_row(name):
        row = json.loads(files[name])
        yield from check_row(f"{path}: {name}", row)
        yield from check_picture(pictures, name, row)
    elif Path(name).name.startswith("scores"):
        yield from check_scores(path, name, files)


def read_manifest(data: bytes) -> dict[str, str]:
    """The manifest; empty if it is none, so that every file differs from it."""
    try:
        body = json.loads(data)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def is_row(name: str) -> bool:
    path = Path(name)
    return path.suffix == ".json" and path.name != CONFIG and bool(SAMPLE.fullmatch(path.stem))


def check_row(place: str, row: Mapping[str, Any]) -> Iterator[str]:
    """The hash of a configuration must be that of the configuration."""
    if "config" in row and config_hash(row["config"]) != row.get("hash"):
        yield f"{place}: its hash is not that of its configuration"


def check_picture(pictures: Path | None, name: str, row: Mapping[str, Any]) -> Iterator[str]:
    if pictures is None:
        return
    picture = (pictures / name).with_suffix(".png")
    if not picture.is_file():
        yield f"{picture}: missing, but has a row"
    elif sha256(picture.read_bytes()) != row["sha256"]:
        yield f"{picture}: differs from its row's hash"


def check_scores(path: Path, name: str, files: Mapping[str, bytes]) -> Iterator[str]:
    """Every sample that was scored must have its row."""
    task = Path(name).parent
    for method, own in json.loads(files[name])["methods"].items():
        for sample in own.get("samples", ()):
            row = (task / method / f"{sample}.json").as_posix()
            if row not in files:
                yield f"{path}: {name}: scores {row}, which is missing"
