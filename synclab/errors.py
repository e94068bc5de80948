"""The error type that is shown to users."""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """Bad input: one line that names the key or file, its value, what was expected, what to do."""


def nearest(name: str, choices: Iterable[str]) -> str:
    """Lists the choices, after the nearest one if `name` resembles it: "did you mean 'ddim'?
    choices: ddim, ism".
    """
    choices = sorted(map(str, choices))
    close = difflib.get_close_matches(name, choices, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{hint}choices: {', '.join(choices)}"
