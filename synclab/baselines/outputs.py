"""Which outputs a folder holds: by a manifest, or by the prompt files that lie beside them."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synclab.errors import UserError

MANIFEST = "manifest.csv"
COLUMNS = "path,prompt and, where known, seed,seconds"


@dataclass(frozen=True)
class Output:
    """What another project made of one prompt, in a folder of its own."""

    folder: Path
    prompt: str
    seed: int = 0
    seconds: float | None = None


def read_manifest(folder: Path) -> Iterator[Output]:
    """The outputs that `manifest.csv` lists; its paths are relative to it.

    Raises: UserError that names the line and what was expected.
    """
    path = folder / MANIFEST
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in (reader := csv.DictReader(file)):
            yield read_line(folder, row, f"{path}: line {reader.line_num}")


def read_line(folder: Path, row: dict[str, Any], place: str) -> Output:
    try:
        seconds = row.get("seconds")
        output = Output(
            folder / row["path"],
            row["prompt"],
            int(row.get("seed") or 0),
            float(seconds) if seconds else None,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{place}: {error}; expected the columns {COLUMNS}") from error
    if not output.prompt:
        raise UserError(f"{place}: no prompt; expected the columns {COLUMNS}")
    if not output.folder.is_dir():
        raise UserError(f"{place}: {output.folder}: no such folder; expected that of one output")
    return output


def find_outputs(folder: Path, prompt_file: str) -> Iterator[Output]:
    """The outputs whose prompt lies in a file of their own."""
    for path in sorted(folder.rglob(prompt_file)):
        yield Output(path.parent, path.read_text(encoding="utf-8").strip())


def outputs(folder: Path, prompt_file: str | None) -> list[Output]:
    """All outputs in a folder, each prompt and seed once."""
    if (folder / MANIFEST).is_file():
        found = list(read_manifest(folder))
    elif prompt_file:
        found = list(find_outputs(folder, prompt_file))
    else:
        raise UserError(
            f"{folder}: its outputs do not tell their prompts; write {folder / MANIFEST} with the"
            f" columns {COLUMNS}"
        )
    if not found:
        raise UserError(f"{folder}: no output there; expected some with {prompt_file or MANIFEST}")
    return refuse_twins(found)


def refuse_twins(found: list[Output]) -> list[Output]:
    """The outputs, unless two are of the same prompt and seed."""
    known: dict[tuple[str, int], Output] = {}
    for output in found:
        twin = known.setdefault((output.prompt, output.seed), output)
        if twin is not output:
            raise UserError(
                f"{output.folder}: of the same prompt and seed {output.seed} as {twin.folder}; tell"
                f" their seeds in {MANIFEST}, or remove one"
            )
    return found
