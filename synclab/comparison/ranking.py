"""Best and second best of a column, if the errors allow a ranking."""

from collections.abc import Callable, Mapping, Sequence
from math import hypot
from typing import Literal

from synclab.comparison.number import Number
from synclab.comparison.published import PrintedColumn

Mark = Literal["best", "second"]


Apart = Callable[[int, int], float]
"""Standard error of the difference of two rows, given by their places."""


def rank(
    numbers: Sequence[Number | None], column: PrintedColumn, apart: Apart | None = None
) -> list[Mark | None]:
    """Marks of a column's numbers.

    A number is best if it is clearly better than every other, and second if it is clearly better
    than all but the best; see `clearly_better`. Without a best there is no second, and a single
    number is not marked. Without `apart` the errors of two numbers are taken as independent.
    """
    left = {i: number for i, number in enumerate(numbers) if number and number.exact}
    apart = apart or (lambda one, other: independent(numbers[one], numbers[other]))
    marks: list[Mark | None] = [None] * len(numbers)
    names: tuple[Mark, ...] = ("best", "second") if len(left) > 1 else ()
    for name in names:
        first = winner(left, column, apart)
        if first is None:
            break
        marks[first] = name
        del left[first]
    return marks


def independent(one: Number | None, other: Number | None) -> float:
    """Standard error of a difference; a number without an error is taken as exact."""
    return hypot(*(number.error or 0.0 for number in (one, other) if number))


def winner(numbers: Mapping[int, Number], column: PrintedColumn, apart: Apart) -> int | None:
    """The row whose number is clearly better than every other; None if there is none."""
    for row, number in numbers.items():
        others = [(place, other) for place, other in numbers.items() if place != row]
        if all(clearly_better(number, other, column, apart(row, place)) for place, other in others):
            return row
    return None


def clearly_better(one: Number, other: Number, column: PrintedColumn, error: float) -> bool:
    """Whether two numbers differ as printed, by more than the standard error of the difference."""
    gap = round(other.value, column.digits) - round(one.value, column.digits)
    return (gap if column.better == "lower" else -gap) > error
