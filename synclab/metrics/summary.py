"""The scores of a file as text: a line for each score, a column for each method and bound."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Cells = tuple[str, ...]
"""A line of a table."""

NAME, CELL = 28, 16
"""Characters of a score's name with its better direction, and of a number with its error."""

BOUNDS = {"truth": "truth", "noise_floor": "floor"}
"""What no method made: true pictures, and held-out ones of the reference's kind."""


def tables(scores: Mapping[str, Any], width: int) -> Iterator[list[Cells]]:
    """The lines of tables of at most `width` characters, each begun by its head.

    Args:
        scores: the content of a score file.
    """
    sets = {name: own["scores"] for name, own in scores["methods"].items()}
    sets |= {name: own["scores"] for key, name in BOUNDS.items() if (own := scores[key])}
    for block in blocks(list(sets), width):
        yield list(part({name: sets[name] for name in block}))


def blocks(names: Sequence[str], width: int) -> Iterator[Sequence[str]]:
    """The names in groups whose columns fit into so many characters."""
    each = max(1, (width - NAME) // CELL)
    yield from (names[start : start + each] for start in range(0, len(names), each))


def part(sets: Mapping[str, Mapping[str, Any]]) -> Iterator[Cells]:
    """The lines of some sets; scores that none of them has are left out."""
    yield "score", *sets, "better"
    for column in dict.fromkeys(name for own in sets.values() for name in own):
        entries = [own.get(column, {}) for own in sets.values()]
        better = next(entry["better"] for entry in entries if entry)
        yield column, *map(show, entries), better


def show(entry: Mapping[str, Any]) -> str:
    """A number to two digits of its error, or a dash."""
    value, error = entry.get("value"), entry.get("error")
    if value is None:
        return "–"
    if not error:
        return f"{value:.4g}"
    digits = max(0, 1 - math.floor(math.log10(error)))
    return f"{value:.{digits}f} ± {error:.{digits}f}"
