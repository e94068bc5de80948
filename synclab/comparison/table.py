"""A paper's table with our numbers beside the printed ones, independent of the output format."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from synclab.comparison import gaps
from synclab.comparison.caption import describe, describe_run
from synclab.comparison.gaps import Gap
from synclab.comparison.number import Number
from synclab.comparison.orders import paired_error
from synclab.comparison.pairing import Pairing
from synclab.comparison.published import Published
from synclab.comparison.published_orders import PublishedOrder, published_orders
from synclab.comparison.ranking import Mark, independent, rank
from synclab.comparison.scores import as_printed

MISSING = "–"

Source = Literal["published", "ours", "difference"]


@dataclass(frozen=True)
class Cell:
    """A text, or a number with its mark; a missing value refers to a note, numbered from 1.

    `method` is the folder of the samples behind the number.
    """

    text: str
    number: Number | None = None
    mark: Mark | None = None
    method: str | None = None
    note: int | None = None


@dataclass(frozen=True)
class Column:
    """A printed column, our column of the same quantity, or the difference: ours less printed."""

    head: str
    source: Source
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Table:
    """Columns of cells, and notes on the empty ones."""

    pairing: Pairing
    columns: Sequence[Column]
    notes: Sequence[Gap]

    @property
    def name(self) -> str:
        return self.pairing.layout.name

    @property
    def task(self) -> str:
        return self.pairing.layout.task

    @property
    def published(self) -> Published:
        return self.pairing.layout.published

    @property
    def title(self) -> str:
        return f"{self.published.paper}, {self.published.place}: {self.published.title}"

    @property
    def rows(self) -> list[str]:
        """Names of the rows: the methods, and the bounds of what a method can reach."""
        return [*self.pairing.rows, *self.pairing.bounds]

    @property
    def caption(self) -> list[str]:
        return describe(self.pairing)

    @property
    def orders(self) -> dict[str, list[PublishedOrder]]:
        """The paper's orders of rows and ours, by printed column."""
        return published_orders(self.pairing)

    @property
    def labels(self) -> dict[str, list[str]]:
        """Text columns by their headings."""
        rows = [self.published.rows[name] for name in self.pairing.rows]
        none = [""] * len(self.pairing.bounds)
        return {
            name: [row.labels[i] for row in rows] + none
            for i, name in enumerate(self.published.labels)
        }

    @property
    def runs(self) -> dict[str, str]:
        """Facts about the samples shown, by method."""
        return {name: describe_run(own) for name, own in self.pairing.shown.items()}

    @property
    def again(self) -> str | None:
        """The commands to run after those that fill the gaps."""
        return gaps.again(self.pairing) if self.notes else None


def build(pairing: Pairing) -> Table:
    """Builds the table, with one note for every reason for empty cells."""
    notes: list[Gap] = []
    columns = [
        column
        for name in pairing.layout.published.columns
        for column in (printed(pairing, name), ours(pairing, name, notes))
    ]
    return plain(pairing, columns) if pairing.plain else Table(pairing, columns, notes)


def plain(pairing: Pairing, columns: Sequence[Column]) -> Table:
    """Only our columns with at least one number; missing values are dashes without notes."""
    own = [column for column in columns if column.source == "ours"]
    filled = [column for column in own if any(cell.number for cell in column.cells)]
    return Table(pairing, [replace(c, cells=list(map(without_note, c.cells))) for c in filled], [])


def without_note(cell: Cell) -> Cell:
    return replace(cell, note=None)


def printed(pairing: Pairing, name: str) -> Column:
    """A column of the paper's numbers."""
    column = pairing.layout.published.columns[name]
    numbers = [pairing.layout.published.rows[row].numbers[name] for row in pairing.rows]
    cells = [
        Cell(number.show(column.digits), number, mark) if number else Cell(MISSING)
        for number, mark in zip(numbers, rank(numbers, column), strict=True)
    ]
    return Column(column.head(name), "published", cells + [Cell(MISSING)] * len(pairing.bounds))


def ours(pairing: Pairing, name: str, notes: list[Gap]) -> Column:
    """A column of our numbers of the same quantity; appends new notes to `notes`."""
    column, rows = pairing.layout.published.columns[name], pairing.rows
    found = [our_number(pairing, row, name) for row in rows]
    notes.extend(gap for gap in dict.fromkeys(found) if isinstance(gap, Gap) and gap not in notes)
    numbers = [entry if isinstance(entry, Number) else None for entry in found]

    def apart(one: int, other: int) -> float:
        """Errors of the same prompts are paired; others are independent."""
        error = paired_error(pairing, (rows[one], rows[other]), name)
        return independent(numbers[one], numbers[other]) if error is None else error

    marks = rank(numbers, column, apart)

    def cell(row: str, entry: Number | Gap, mark: Mark | None) -> Cell:
        if isinstance(entry, Gap):
            return Cell(MISSING, note=notes.index(entry) + 1)
        return Cell(entry.show(column.digits), entry, mark, pairing.layout.methods[row])

    cells = [cell(*one) for one in zip(rows, found, marks, strict=True)]
    bounds = [bound(pairing, scores, name) for scores in pairing.bounds.values()]
    return Column(column.head(name), "ours", cells + bounds)


def bound(pairing: Pairing, scores: Mapping[str, Any], name: str) -> Cell:
    """The score of a set that no method made; never marked as best."""
    column, entry = pairing.layout.published.columns[name], scores.get(pairing.score(name) or "")
    if entry is None or entry["value"] is None:
        return Cell(MISSING)
    number = as_printed(entry, column, f"{pairing.scores.path}: {name}")
    return Cell(number.show(column.digits), number)


def our_number(pairing: Pairing, row: str, name: str) -> Number | Gap:
    gap = gaps.of_row(row, pairing) or gaps.of_score(row, name, pairing)
    if gap:
        return gap
    score = pairing.score(name) or ""
    entry = pairing.scores.entry(pairing.layout.methods[row], score) or {}
    place = f"{pairing.scores.path}: {score}"
    return as_printed(entry, pairing.layout.published.columns[name], place)
