"""Prepares a command line for Hydra: quotes texts and moves options first.

Prompts, paths and names are taken literally, where Hydra would parse numbers, lists, sweeps and
quotes.
"""

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

VALUED = {
    "--cfg", "-c", "--package", "-p", "--config-path", "-cp", "--config-name", "-cn",
    "--config-dir", "-cd", "--experimental-rerun",
}  # fmt: skip
"""Options of Hydra that take a value."""

INFO = {"all", "config", "defaults", "defaults-tree", "plugins", "searchpath"}
"""Values that Hydra's --info accepts."""

TEXTS = {"prompt", "prior.negative_prompt", "task.prompt_prefix"}
"""Keys whose value is a single text, whatever characters it contains."""

QUEUE = "hydra.launcher.sbatch."
"""Keys below it are never swept; their texts are passed to a shell or to Slurm unchanged."""

FOLDERS = {"results"}
"""Keys whose value is a single path, whatever characters it contains."""

PATHS = {
    "prompts",
    "prior.path",
    "prior.control_path",
    "prior.lora",
    "task.picture",
    "task.mask",
    "task.known",
    "task.known_mask",
    "task.mesh",
    "task.cloud",
    "task.start",
}
"""Keys whose value is a path, or a sweep or list of paths unless the whole value exists as one."""

NAMES = {"run", "shard"}
"""Keys whose value is a word or a sweep of words: 1.10 and 007 are not numbers."""

NOTHING = {"", "null"}
"""Values that mean no path."""

PLAIN = re.compile(r"(?!(?i:true|false|null|nan|inf)\Z)[A-Za-z_/][\w./-]*|\d+/\d+", re.ASCII)
"""Words and paths that Hydra takes literally without quotes."""

QUOTED = re.compile(r"""(['"])((?!\1)[^\\]|\\.)*\1""", re.DOTALL)
"""A value in one pair of quotes, inside of which others follow a backslash; it is left to Hydra."""


def prepare(words: Sequence[str]) -> list[str]:
    """The command line in the form that Hydra's parser accepts."""
    return options_first([literal(word) for word in words])


def literal(argument: str) -> str:
    """Quotes the value of key=value so that it is taken literally.

    Values in quotes and with interpolations such as ${run} are left to Hydra.
    """
    name, equals, value = argument.partition("=")
    key = name.lstrip("+")
    if not equals or QUOTED.fullmatch(value):
        return argument
    if key in TEXTS:
        return f"{name}={quote(value)}"
    if key.startswith(QUEUE):
        return f"{name}={quote_option(value)}"
    if "${" in value or value in NOTHING and key not in NAMES:
        return argument
    if key in FOLDERS:
        return f"{name}={quote(at_home(value))}"
    if key in PATHS:
        return f"{name}={quote_paths(value)}"
    if key in NAMES and re.fullmatch(r"[\w.,/-]+", value):
        return f"{name}={','.join(map(quote, value.split(',')))}"
    return argument


def quote_option(value: str) -> str:
    """Quotes an option of Slurm, except numbers, true, false, null and {key: value}.

    ${key} is left to Hydra, ${CAPITALS} to the shell.
    """
    if re.fullmatch(r"0|[1-9]\d*|true|false|null||\{.*\}|\$\{.*\}", value):
        return value
    value = re.sub(r"\$\{([A-Z_][A-Z0-9_]*)\}(?!\w)", r"$\1", value)
    inside = re.fullmatch(r"\[(.*)\]", value)
    if inside is None:
        return in_quotes(value)
    if re.search("['\"]", value):  # a list whose texts are in quotes
        return value
    return f"[{','.join(in_quotes(text.strip()) for text in inside[1].split(','))}]"


def quote_paths(value: str) -> str:
    """Quotes a path or several; an existing file takes precedence over a sweep or a list."""
    path = at_home(value)
    if "," not in value and not re.fullmatch(r"\[.*\]", value) or Path(path).exists():
        return quote(path)
    if re.fullmatch(r"[\[({].*[\])}]|\w+\(.*\)", value):  # a list, or a sweep by choice(...)
        return value
    return ",".join(quote(at_home(piece)) for piece in value.split(","))


def at_home(path: str) -> str:
    """A path with ~ and ~user expanded, which shells do not do after key=."""
    return os.path.expanduser(path)


def quote(text: str) -> str:
    """A text in double quotes with its interpolations escaped."""
    return in_quotes(re.sub(r"(\\*)\$\{", r"\1\1\\${", text))


def in_quotes(text: str) -> str:
    """A text in Hydra's double quotes; a plain word stays as it is."""
    if PLAIN.fullmatch(text):
        return text
    escaped = re.sub(r'(\\*)"', r"\1\1\\" + '"', text)
    closed = re.sub(r"(\\+)\Z", r"\1\1", escaped)
    return f'"{closed}"'


def assignment(key: str, value: Any) -> str:
    """The argument that sets a key to a value of JSON: what `prepare` and Hydra read as `value`."""
    plain = key in TEXTS and isinstance(value, str) and not QUOTED.fullmatch(value)
    return f"{key}={value if plain else in_grammar(value)}"


def in_grammar(value: Any) -> str:
    """A value of JSON in the grammar of Hydra's command line."""
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, list):
        return f"[{','.join(map(in_grammar, value))}]"
    if isinstance(value, Mapping):
        return f"{{{','.join(f'{key}:{in_grammar(own)}' for key, own in value.items())}}}"
    return json.dumps(value)


def options_first(words: Sequence[str]) -> list[str]:
    """Moves options before the keys: Hydra's parser accepts no options between keys."""
    options: list[str] = []
    keys: list[str] = []
    left = list(words)
    while left:
        word = left.pop(0)
        if word in ("--info", "-i"):  # its value is optional; the next key is none
            options.append(f"--info={left.pop(0) if left and left[0] in INFO else 'all'}")
        elif word in VALUED:
            options += [word, *left[:1]]
            del left[:1]
        else:
            (options if word.startswith("-") else keys).append(word)
    return options + keys


def listed(text: str | None) -> list[str]:
    """Names in a comma-separated list, with or without brackets."""
    return [name.strip() for name in (text or "").strip("[]").split(",") if name.strip()]
