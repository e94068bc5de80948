"""Finds the outputs in a folder, by a manifest or by the prompt files beside them."""

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synclab.core.text import is_blank, lines_of
from synclab.errors import UserError

MANIFEST = "manifest.csv"
COLUMNS = "path,prompt and, where known, seed,seconds"


@dataclass(frozen=True)
class Output:
    """Output of another project for one prompt, in its own folder."""

    folder: Path
    prompt: str
    seed: int = 0
    seconds: float | None = None


def read_manifest(folder: Path) -> Iterator[Output]:
    """The outputs that `manifest.csv` lists; its paths are relative to it.

    Raises: UserError that names the line and what was expected.
    """
    path = folder / MANIFEST
    lines = io.StringIO(read_text(path), newline="")
    for row in (reader := csv.DictReader(lines, skipinitialspace=True, strict=True)):
        yield read_line(folder, row, f"{path}: line {reader.line_num}")


def read_text(path: Path) -> str:
    """Reads a text file, without its byte order mark.

    Raises: UserError if it is not UTF-8.
    """
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text (byte {error.start}); save it as UTF-8") from error


def read_line(folder: Path, row: dict[str, Any], place: str) -> Output:
    try:
        output = Output(
            folder / row["path"],
            row["prompt"].strip(),
            int(row.get("seed") or 0),
            read_seconds(row.get("seconds")),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UserError(f"{place}: {error}; expected the columns {COLUMNS}") from error
    if None in row:
        raise UserError(f"{place}: more cells than columns; put quotes around a prompt with commas")
    if not output.prompt:
        raise UserError(f"{place}: no prompt; expected the columns {COLUMNS}")
    if not output.folder.is_dir():
        raise UserError(
            f"{place}: {output.folder}: no such folder; expected the folder of one output"
        )
    return output


def read_seconds(text: str | None) -> float | None:
    """Seconds in a cell; None if it is empty.

    Raises: ValueError unless it is a finite number of at least 0.
    """
    if not text:
        return None
    seconds = float(text)
    if not (math.isfinite(seconds) and seconds >= 0):
        raise ValueError(f"seconds={text}: expected a finite number of at least 0")
    return seconds


def find_outputs(folder: Path, prompt_file: str) -> Iterator[Output]:
    """The outputs that have a file with their prompt.

    Raises: UserError for a file that is not one line of text.
    """
    for path in sorted(folder.rglob(prompt_file)):
        lines = [line for line in lines_of(read_text(path)) if not is_blank(line)]
        if len(lines) != 1:
            raise UserError(f"{path}: {len(lines)} lines; expected one prompt")
        yield Output(path.parent, lines[0].strip())


def outputs(folder: Path, prompt_file: str | None) -> list[Output]:
    """All outputs in a folder.

    Raises: UserError if there are none, or two of the same prompt and seed.
    """
    if (folder / MANIFEST).is_file():
        found = list(read_manifest(folder))
    elif prompt_file:
        found = list(find_outputs(folder, prompt_file))
    else:
        raise UserError(
            f"{folder}: its outputs do not record their prompts; write {folder / MANIFEST} with"
            f" the columns {COLUMNS}"
        )
    if not found:
        raise UserError(f"{folder}: no output there; expected some with {prompt_file or MANIFEST}")
    refuse_duplicates(found)
    return found


def refuse_duplicates(found: list[Output]) -> None:
    """Raises a UserError if two outputs have the same prompt and seed."""
    known: dict[tuple[str, int], Output] = {}
    for output in found:
        first = known.setdefault((output.prompt, output.seed), output)
        if first is not output:
            raise UserError(
                f"{output.folder}: same prompt and seed {output.seed} as {first.folder}; give their"
                f" seeds in {MANIFEST}, or remove one"
            )
