"""Files of prompts: plain text, and the JSON files that come with the papers' code."""

import json
from pathlib import Path
from typing import Any

EXPECTED = "expected one prompt a line"


def read_file(path: Path) -> list[str]:
    """All prompts of a file, in its order.

    Raises: OSError, and ValueError that says what is wrong with the content.
    """
    return parse(path.read_bytes(), path.suffix)


def parse(content: bytes, suffix: str) -> list[str]:
    """Prompts of a file's content; see `parse_json` and `parse_lines`."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"is not UTF-8 text (byte {error.start}); {EXPECTED}, save it as UTF-8"
        ) from error
    prompts = parse_json(text) if suffix == ".json" else parse_lines(text)
    if not prompts:
        raise ValueError("holds no prompt; expected one a line")
    return prompts


def parse_lines(text: str) -> list[str]:
    """One prompt a line; # begins a comment line."""
    if "\x00" in text:
        raise ValueError(f"is binary; {EXPECTED} as text")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return [line.strip() for line in lines if line.strip()]


def parse_json(text: str) -> list[str]:
    """Three forms: [prompt], {name: {"prompt": prompt}} and {"data": [{"captions": [prompt]}]}.

    Prompts are taken letter by letter: azimuths are found by them.
    """
    try:
        prompts = list_prompts(json.loads(text))
        if not all(isinstance(prompt, str) and prompt for prompt in prompts):
            raise TypeError("a prompt that is no text")
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        forms = '[prompt], {name: {"prompt": prompt}} or {"data": [{"captions": [prompt]}]}'
        raise ValueError(f"is no JSON of the form {forms} ({error})") from error
    return prompts


def list_prompts(body: Any) -> list[str]:
    if isinstance(body, list):
        return body
    if "data" in body:
        return [prompt for entry in body["data"] for (prompt,) in [entry["captions"]]]
    return [entry["prompt"] for entry in body.values()]
