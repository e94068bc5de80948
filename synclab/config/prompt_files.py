"""Files of prompts by their kind: text, JSON, JSON lines, CSV, YAML; all in UTF-8."""

import csv
import io
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml

from synclab.core.text import is_blank, is_text, lines_of

EXPECTED = "expected one prompt a line"

FORMS = '[prompt], {name: {"prompt": prompt}} or {"data": [{"captions": [prompt]}]}'
"""What a JSON or YAML file may hold; [{"prompt": prompt}] too."""

EDGES = "\ufeff\u200b\u2060"
"""Byte order marks and zero-width spaces, which files that were joined have at line ends."""


def read_file(path: Path) -> list[str]:
    """All prompts of a file, in its order.

    Raises: OSError, and ValueError that says what is wrong with the content.
    """
    return parse(path.read_bytes(), path.suffix)


def parse(content: bytes, suffix: str) -> list[str]:
    """Prompts of a file's content, by the suffix of its name in any case; none means text.

    Raises: ValueError for another kind, for content that is not of the kind, and for no prompt.
    """
    if suffix.lower() not in KINDS:
        kinds = ", ".join(filter(None, KINDS))
        raise ValueError(f"is of no known kind; expected {kinds}; rename it to what it holds")
    prompts = KINDS[suffix.lower()](decode(content))
    if not prompts:
        raise ValueError("holds no prompt; expected one a line")
    for number, prompt in enumerate(prompts, 1):
        check(prompt, number)
    return prompts


def decode(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"is not UTF-8 text (byte {error.start}); {EXPECTED}, save it as UTF-8"
        ) from error


def check(prompt: str, number: int) -> None:
    """Refuses what escapes of JSON and YAML can write and UTF-8 cannot, and invisible prompts."""
    if not is_text(prompt):
        raise ValueError(f"prompt {number} is no text: it holds half a surrogate pair; mend it")
    if is_blank(prompt):
        raise ValueError(f"prompt {number} is empty; fill it or leave it out")


def parse_lines(text: str) -> list[str]:
    """One prompt a line; # begins a comment line."""
    if "\x00" in text:
        raise ValueError(f"is binary; {EXPECTED} as text")
    lines = [line.strip(EDGES) for line in lines_of(text)]
    trimmed = [trim(line) for line in lines if not line.startswith("#")]
    return [line for line in trimmed if not is_blank(line)]


def trim(line: str) -> str:
    """Without white space and zero-width characters at both ends."""
    return re.sub(rf"\A[\s{EDGES}]+|[\s{EDGES}]+\Z", "", line)


def parse_json(text: str) -> list[str]:
    """Prompts of a JSON file, letter by letter: azimuths are found by them."""
    try:
        return list_prompts(json.loads(text, object_pairs_hook=unique))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"is no JSON of the form {FORMS} ({error})") from error


def parse_json_lines(text: str) -> list[str]:
    """One JSON value a line: a prompt, or an object with the key "prompt"."""
    prompts = []
    for number, line in enumerate(lines_of(text), 1):
        if not is_blank(line):
            try:
                prompts.append(prompt_of(json.loads(line.strip(EDGES), object_pairs_hook=unique)))
            except (ValueError, LookupError, TypeError, RecursionError) as error:
                raise ValueError(
                    f'line {number} is no {{"prompt": prompt}} in JSON ({error})'
                ) from error
    return prompts


def parse_csv(text: str) -> list[str]:
    """The column "prompt" of a table with a heading; text in double quotes may hold commas."""
    try:
        head, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    except (csv.Error, ValueError) as error:
        raise ValueError(f"is no CSV table with a heading ({error})") from error
    names = [trim(name).lower() for name in head]
    if names.count("prompt") != 1:
        raise ValueError(f'has the columns {", ".join(names)}; expected one called "prompt"')
    filled = [(number, row) for number, row in enumerate(rows, 2) if row]
    for number, row in filled:
        if len(row) != len(head):
            raise ValueError(
                f"row {number} has {len(row)} fields, its heading {len(head)}; put double quotes"
                " around a prompt that holds commas"
            )
    return [trim(row[names.index("prompt")]) for _, row in filled]


def parse_yaml(text: str) -> list[str]:
    """Prompts of a YAML file: the forms of a JSON file."""
    try:
        return list_prompts(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise ValueError(f"is no YAML ({' '.join(str(error).split())})") from error
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(
            f"is no YAML of the form {FORMS} ({error}); a text that holds ': ' needs quotes"
        ) from error


KINDS: dict[str, Callable[[str], list[str]]] = {
    "": parse_lines,
    ".txt": parse_lines,
    ".json": parse_json,
    ".jsonl": parse_json_lines,
    ".csv": parse_csv,
    ".yaml": parse_yaml,
    ".yml": parse_yaml,
}
"""How to read a file by the suffix of its name."""


def unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON none of whose keys comes twice: the last would hide the others."""
    body = dict(pairs)
    if len(body) < len(pairs):
        raise ValueError("a key that comes twice")
    return body


def list_prompts(body: Any) -> list[str]:
    if isinstance(body, list):
        return [prompt_of(entry) for entry in body]
    if "data" in body:
        captions = [caption for entry in body["data"] for (caption,) in [entry["captions"]]]
        return [prompt_of(caption) for caption in captions]
    return [prompt_of({"prompt": entry["prompt"]}) for entry in body.values()]


def prompt_of(entry: Any) -> str:
    """A prompt, or that of {"prompt": prompt}."""
    prompt = entry["prompt"] if isinstance(entry, dict) else entry
    if not isinstance(prompt, str) or not prompt:
        raise TypeError("a prompt that is no text")
    return prompt
