"""Prompt files to samples."""

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
"""Characters of a prompt: more is a file that has no lines."""


def sample_id(prompt: str, seed: int) -> str:
    """A file-safe name that tells prompts apart: readable start, digest, seed."""
    plain = unicodedata.normalize("NFKD", prompt).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-")
    return f"{words or 'unprompted'}-{digest(prompt)[:12]}-s{seed}"


def samples(prompts: Iterable[str], seed: int) -> list[Sample]:
    """One sample a prompt, in order; a prompt that comes twice counts once.

    Raises: UserError for one of more than LONGEST characters, and for what is no text.
    """
    unique = dict.fromkeys(prompts)
    for prompt in unique:
        if not is_text(prompt):
            raise UserError(f"prompt={prompt[:30]!a}: not UTF-8 text; expected characters only")
        if len(prompt) > LONGEST:
            raise UserError(
                f"prompt={prompt[:30]}…: {len(prompt)} characters; expected at most {LONGEST},"
                " one prompt a line"
            )
    return [Sample(sample_id(prompt, seed), prompt, seed) for prompt in unique]


def read_prompts(name: str) -> list[str]:
    """Prompts of a set, or of a file of any kind that `prompt_files` knows."""
    path = find(name)
    try:
        return read_file(path)
    except ValueError as error:
        raise UserError(f"prompts={name}: {path} {error}") from error
    except OSError as error:
        raise UserError(f"prompts={name}: cannot read {path} ({error.strerror})") from error


def find(name: str) -> Path:
    """The file of a set of `prompts/`, our own or a paper's, or NAME itself as a path.

    Raises: UserError where there is none, or a paper's file is another than published.
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
        raise UserError(f"prompts={name}: not fetched yet; python scripts/fetch_prompts.py {name}")
    raise UserError(
        f"prompts={name}: no such prompt set or file; sets: {', '.join(sorted(sets))};"
        " or give a text file's path, or that of a .json, .jsonl, .csv or .yaml file"
    )
