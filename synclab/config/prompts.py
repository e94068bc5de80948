"""Turns prompts into samples."""

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from synclab.config.prompt_files import read_file
from synclab.config.prompt_sets import read_sets
from synclab.core.hashing import digest
from synclab.core.protocols import Sample
from synclab.core.text import is_text
from synclab.errors import UserError
from synclab.places import PROMPTS

LONGEST = 20_000
"""Largest number of characters in a prompt; more suggests a file without line breaks."""


def sample_id(prompt: str, seed: int) -> str:
    """A unique, file-safe name of a sample: readable start, digest of the prompt, seed."""
    plain = unicodedata.normalize("NFKD", prompt).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-")
    return f"{words or 'unprompted'}-{digest(prompt)[:12]}-s{seed}"


def samples(prompts: Iterable[str], seed: int) -> list[Sample]:
    """One sample per prompt, in order; duplicate prompts count once.

    Raises: UserError for a prompt of more than LONGEST characters, or one that is not text.
    """
    unique = dict.fromkeys(prompts)
    for prompt in unique:
        if not is_text(prompt):
            raise UserError(f"prompt={prompt[:30]!a}: not UTF-8 text; expected characters only")
        if len(prompt) > LONGEST:
            raise UserError(
                f"prompt={prompt[:30]}…: {len(prompt)} characters; expected at most {LONGEST},"
                " one prompt per line"
            )
    return [Sample(sample_id(prompt, seed), prompt, seed) for prompt in unique]


def read_prompts(name: str) -> list[str]:
    """Prompts of a set, or of a file in any format of `prompt_files`."""
    path = find(name)
    try:
        return read_file(path)
    except ValueError as error:
        raise UserError(f"prompts={name}: {path} {error}") from error
    except OSError as error:
        raise UserError(f"prompts={name}: cannot read {path} ({error.strerror})") from error


def find(name: str) -> Path:
    """The file of a prompt set, our own or a paper's, or `name` itself as a path.

    Raises: UserError if there is none, or if a paper's file differs from the published one.
    """
    papers = read_sets()
    own = {path.stem: path for path in PROMPTS.glob("*.txt")}
    sets = own | {paper: wanted.path for paper, wanted in papers.items()}
    path = sets.get(name, Path(name))
    if path.is_file():
        if name in papers:
            papers[name].verify(f"prompts={name}: {path}")
        return path
    if name in papers:
        raise UserError(
            f"prompts={name}: not downloaded yet; run python scripts/fetch_prompts.py {name}"
        )
    raise UserError(
        f"prompts={name}: no such prompt set or file; sets: {', '.join(sorted(sets))};"
        " or give a text file's path, or that of a .json, .jsonl, .csv or .yaml file"
    )
