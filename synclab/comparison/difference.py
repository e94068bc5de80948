"""Our number less the published one, as a third column beside them."""

from collections.abc import Iterator
from dataclasses import replace
from math import hypot

from synclab.comparison.number import Number
from synclab.comparison.table import MISSING, Cell, Column, Table


def with_differences(table: Table) -> Table:
    """The table with a column of differences behind each of ours that has any.

    Plain tables, which have no published numbers, stay as they are.
    """
    return table if table.pairing.plain else replace(table, columns=list(extended(table)))


def extended(table: Table) -> Iterator[Column]:
    names = table.published.columns.values()
    pairs = zip(table.columns[::2], table.columns[1::2], names, strict=True)
    for published, ours, column in pairs:
        yield from (published, ours)
        cells = [
            difference(one, other, column.digits)
            for one, other in zip(ours.cells, published.cells, strict=True)
        ]
        if any(cell.number for cell in cells):
            yield Column(ours.head, "difference", cells)


def difference(ours: Cell, published: Cell, digits: int) -> Cell:
    """Their difference with its sign; errors are independent, and one that is unknown counts as 0.

    A dash where either is missing or only a bound.
    """
    one, other = ours.number, published.number
    if not (one and other and one.exact and other.exact):
        return Cell(MISSING)
    known = [number.error for number in (one, other) if number.error is not None]
    found = Number(one.value - other.value, hypot(*known) if known else None)
    return Cell(f"{'' if found.value < 0 else '+'}{found.show(digits)}", found)
