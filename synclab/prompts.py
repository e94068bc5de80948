"""Prompt files to samples."""

import logging
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from synclab.errors import UserError
from synclab.repro import digest
from synclab.types import Sample

log = logging.getLogger(__name__)

FOLDER = Path(__file__).resolve().parent.parent / "prompts"


def sample_id(prompt: str, seed: int) -> str:
    """A file-safe name that tells prompts apart: readable start, digest, seed."""
    plain = unicodedata.normalize("NFKD", prompt).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-")
    return f"{words or 'unprompted'}-{digest(prompt)[:12]}-s{seed}"


def samples(prompts: Iterable[str], seed: int) -> list[Sample]:
    """One sample a prompt, in order; a prompt that comes twice counts once."""
    unique = dict.fromkeys(prompts)
    return [Sample(sample_id(prompt, seed), prompt, seed) for prompt in unique]


def read_prompts(name: str) -> list[str]:
    """Prompts of a set in `prompts/` or of any text file, one a line; # begins a comment line."""
    path = find(name)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise UserError(
            f"prompts={name}: {path} is not UTF-8 text (byte {error.start});"
            " expected one prompt a line, save it as UTF-8"
        ) from error
    except OSError as error:
        raise UserError(f"prompts={name}: cannot read {path} ({error.strerror})") from error
    prompts = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    if any("\x00" in prompt for prompt in prompts):
        raise UserError(f"prompts={name}: {path} is binary; expected one prompt a line as text")
    if not prompts:
        raise UserError(f"prompts={name}: {path} holds no prompt; expected one a line")
    return prompts


def find(name: str) -> Path:
    """The file of a prompt set: `prompts/NAME.txt`, or NAME itself as a path."""
    for path in (FOLDER / f"{name}.txt", Path(name)):
        if path.is_file():
            return path
    sets = ", ".join(sorted(path.stem for path in FOLDER.glob("*.txt")))
    raise UserError(
        f"prompts={name}: no such prompt set or file; sets: {sets}; or give a text file's path"
    )
