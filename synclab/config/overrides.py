"""Words of a command line before Hydra reads them: prompts are quoted, options come first."""

import re
from collections.abc import Sequence

VALUED = {
    "--cfg", "-c", "--package", "-p", "--config-path", "-cp", "--config-name", "-cn",
    "--config-dir", "-cd", "--experimental-rerun",
}  # fmt: skip
"""Options of Hydra that take the next word."""

INFO = {"all", "config", "defaults", "defaults-tree", "plugins", "searchpath"}
"""What Hydra's --info may be followed by."""


def prepare(words: Sequence[str]) -> list[str]:
    """The command line as Hydra's parser takes it."""
    return options_first([quote_prompt(word) for word in words])


def quote_prompt(argument: str) -> str:
    """prompt=... is one text, whatever commas, quotes, braces or backslashes it holds.

    One pair of quotes around all of it is taken as Hydra's own.
    """
    name, equals, text = argument.partition("=")
    if name != "prompt" or not equals or re.fullmatch(r"""(['"])((?!\1)[^\\])*\1""", text):
        return argument
    plain = re.sub(r"(\\*)\$\{", r"\1\1\\${", text)  # nothing to interpolate
    escaped = re.sub(r'(\\*)"', r"\1\1\\" + '"', plain)
    closed = re.sub(r"(\\+)\Z", r"\1\1", escaped)
    return f'prompt="{closed}"'


def options_first(words: Sequence[str]) -> list[str]:
    """Moves options before the keys: Hydra's parser takes no option between keys."""
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
