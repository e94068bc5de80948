"""Best and second best of a column, if the errors allow a ranking."""

from collections.abc import Mapping, Sequence
from math import hypot
from typing import Literal

from synclab.comparison.number import Number
from synclab.comparison.published import PrintedColumn

Mark = Literal["best", "second"]


def rank(numbers: Sequence[Number | None], column: PrintedColumn) -> list[Mark | None]:
    """Marks of a column's numbers.

    A number is best if it is clearly better than every other, and second if it is clearly better
    than all but the best; see `clearly_better`. Without a best there is no second, and a single
    number is not marked.
    """
    left = {i: number for i, number in enumerate(numbers) if number and number.exact}
    marks: list[Mark | None] = [None] * len(numbers)
    names: tuple[Mark, ...] = ("best", "second") if len(left) > 1 else ()
    for name in names:
        first = winner(left, column)
        if first is None:
            break
        marks[first] = name
        del left[first]
    return marks


def winner(numbers: Mapping[int, Number], column: PrintedColumn) -> int | None:
    """The row whose number is clearly better than every other; None if there is none."""
    for row, number in numbers.items():
        others = [other for place, other in numbers.items() if place != row]
        if all(clearly_better(number, other, column) for other in others):
            return row
    return None


def clearly_better(one: Number, other: Number, column: PrintedColumn) -> bool:
    """Whether two numbers differ as printed, by more than one standard error of the difference.

    Errors are assumed to be independent; a number without an error is taken as exact.
    """
    gap = round(other.value, column.digits) - round(one.value, column.digits)
    ahead = gap if column.better == "lower" else -gap
    return ahead > hypot(one.error or 0.0, other.error or 0.0)
