"""Reads files of prompts: text, JSON, JSON lines, CSV and YAML, all in UTF-8."""

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
"""Accepted forms of JSON and YAML files, besides [{"prompt": prompt}]."""

EDGES = "\ufeff\u200b\u2060"
"""Byte order marks and zero-width spaces, which concatenated files have at line ends."""


def read_file(path: Path) -> list[str]:
    """All prompts of a file, in order.

    Raises: OSError, and ValueError that names the fault in the content.
    """
    return parse(path.read_bytes(), path.suffix)


def parse(content: bytes, suffix: str) -> list[str]:
    """Parses a file's content by the suffix of its name, in any case; no suffix means text.

    Raises: ValueError for an unknown suffix, for content of another format, and for no prompt.
    """
    if suffix.lower() not in KINDS:
        kinds = ", ".join(filter(None, KINDS))
        raise ValueError(f"has an unknown suffix; expected {kinds}; rename it to match its content")
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
    """Refuses lone surrogates, which escapes in JSON and YAML can produce, and blank prompts."""
    if not is_text(prompt):
        raise ValueError(f"prompt {number} is not text: it has half a surrogate pair; correct it")
    if is_blank(prompt):
        raise ValueError(f"prompt {number} is empty; fill it in or remove it")


def parse_lines(text: str) -> list[str]:
    """One prompt per line; lines that start with # are comments."""
    if "\x00" in text:
        raise ValueError(f"is binary; {EXPECTED} as text")
    lines = [line.strip(EDGES) for line in lines_of(text)]
    trimmed = [trim(line) for line in lines if not line.startswith("#")]
    return [line for line in trimmed if not is_blank(line)]


def trim(line: str) -> str:
    """Strips white space and zero-width characters at both ends."""
    return re.sub(rf"\A[\s{EDGES}]+|[\s{EDGES}]+\Z", "", line)


def parse_json(text: str) -> list[str]:
    """Prompts of a JSON file, unchanged, because evaluation azimuths are looked up by prompt."""
    try:
        return list_prompts(json.loads(text, object_pairs_hook=unique))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"is not JSON of the form {FORMS} ({error})") from error


def parse_json_lines(text: str) -> list[str]:
    """One JSON value per line: a prompt, or an object with the key "prompt"."""
    prompts = []
    for number, line in enumerate(lines_of(text), 1):
        if not is_blank(line):
            try:
                prompts.append(prompt_of(json.loads(line.strip(EDGES), object_pairs_hook=unique)))
            except (ValueError, LookupError, TypeError, RecursionError) as error:
                raise ValueError(
                    f'line {number} is not {{"prompt": prompt}} in JSON ({error})'
                ) from error
    return prompts


def parse_csv(text: str) -> list[str]:
    """The column "prompt" of a table with a header; text in double quotes may contain commas."""
    try:
        head, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    except (csv.Error, ValueError) as error:
        raise ValueError(f"is not a CSV table with a header ({error})") from error
    names = [trim(name).lower() for name in head]
    if names.count("prompt") != 1:
        raise ValueError(f'has the columns {", ".join(names)}; expected one called "prompt"')
    filled = [(number, row) for number, row in enumerate(rows, 2) if row]
    for number, row in filled:
        if len(row) != len(head):
            raise ValueError(
                f"row {number} has {len(row)} fields, its header {len(head)}; put double quotes"
                " around a prompt that contains commas"
            )
    return [trim(row[names.index("prompt")]) for _, row in filled]


def parse_yaml(text: str) -> list[str]:
    """Prompts of a YAML file, in the forms of a JSON file."""
    try:
        return list_prompts(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise ValueError(f"is not YAML ({' '.join(str(error).split())})") from error
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(
            f"is not YAML of the form {FORMS} ({error}); a text with ': ' needs quotes"
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
"""Parsers by file suffix."""


def unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; refuses duplicate keys, of which the last would hide the others."""
    body = dict(pairs)
    if len(body) < len(pairs):
        raise ValueError("duplicate key")
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
        raise TypeError("a prompt that is not text")
    return prompt
