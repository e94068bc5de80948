"""The order of two rows: their difference paired over prompts, and how sure its sign is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import erf, sqrt

from synclab.comparison.number import Number
from synclab.comparison.pairing import Pairing
from synclab.comparison.published import PrintedColumn
from synclab.comparison.scores import as_printed

FEWEST = 5
"""Prompts from which on the error of a paired difference is taken as normal."""


@dataclass(frozen=True)
class Order:
    """Two rows, the better one first; gap and error in the units of the printed column."""

    better: str
    worse: str
    gap: float
    error: float

    @property
    def probability(self) -> float:
        """That the first row is better in expectation, for a normal error of the difference."""
        return (1 + erf(self.gap / self.error / sqrt(2))) / 2


def paired_error(pairing: Pairing, rows: tuple[str, str], name: str) -> float | None:
    """Standard error of the difference of two rows in a printed column; None if not recorded."""
    first, second = (pairing.layout.methods[row] for row in rows)
    paired, score = pairing.scores.body.get("paired", {}), pairing.score(name) or ""
    found = paired.get(f"{first} - {second}") or paired.get(f"{second} - {first}") or {}
    error = found.get(score, {}).get("error")
    if error is None:
        return None
    entry = pairing.scores.entry(first, score) or {}
    return as_printed({**entry, "value": 0.0, "error": error}, column(pairing, name), name).error


def column(pairing: Pairing, name: str) -> PrintedColumn:
    return pairing.layout.published.columns[name]


def neighbours(pairing: Pairing, name: str) -> Iterator[Order]:
    """The orders of neighbouring rows of a printed column, from the best row to the worst."""
    numbers, falling = our_numbers(pairing, name), column(pairing, name).better == "higher"
    ranked = sorted(numbers, key=lambda row: numbers[row].value, reverse=falling)
    for rows in pairwise(ranked):
        if gap := lead(pairing, rows, name, numbers):
            yield Order(*rows, gap.value, gap.error or 0.0)


def lead(
    pairing: Pairing, rows: tuple[str, str], name: str, numbers: Mapping[str, Number]
) -> Number | None:
    """By how much the first of two rows is better in a printed column, negative if it is worse.

    None if the error of the difference was not recorded.
    """
    first, second = (numbers[row].value for row in rows)
    gap = second - first if column(pairing, name).better == "lower" else first - second
    error = paired_error(pairing, rows, name)
    return Number(gap, error) if error else None


def our_numbers(pairing: Pairing, name: str) -> dict[str, Number]:
    """Our numbers of a printed column by row, as far as they are scored."""
    score, found = pairing.score(name) or "", {}
    for row, method in pairing.layout.methods.items():
        entry = pairing.scores.entry(method, score) if method in pairing.shown else None
        if entry and entry["value"] is not None:
            found[row] = as_printed(entry, column(pairing, name), score)
    return found
