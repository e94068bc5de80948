"""A paper's table with our numbers beside the printed ones, before it is written in any format."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from synclab.comparison import gaps
from synclab.comparison.caption import describe, describe_run
from synclab.comparison.gaps import Gap
from synclab.comparison.layout import Layout
from synclab.comparison.number import Number
from synclab.comparison.ranking import Mark, rank
from synclab.comparison.scores import Samples, Scores, as_printed
from synclab.errors import UserError

Source = Literal["published", "ours"]


@dataclass(frozen=True)
class Cell:
    """A text, or a number with its mark; what is missing has a note, from 1 on.

    `method` is the folder whose samples the number is of.
    """

    text: str
    number: Number | None = None
    mark: Mark | None = None
    method: str | None = None
    note: int | None = None


@dataclass(frozen=True)
class Column:
    """A printed column, or ours of the same quantity."""

    name: str
    arrow: str
    source: Source
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Table:
    """Rows by name, and what must be said with them."""

    layout: Layout
    scores: Scores
    labels: Mapping[str, Sequence[str]]
    columns: Sequence[Column]
    caption: Sequence[str]
    notes: Sequence[Gap]

    @property
    def title(self) -> str:
        published = self.layout.published
        return f"{published.paper}, {published.place}: {published.title}"

    @property
    def rows(self) -> list[str]:
        return list(self.layout.published.rows)

    @property
    def methods(self) -> dict[str, Mapping[str, Any]]:
        """Whose samples the numbers are of."""
        named = (cell.method for column in self.columns for cell in column.cells)
        return {name: self.scores.methods[name] for name in dict.fromkeys(named) if name}

    @property
    def runs(self) -> dict[str, str]:
        """What there is to say of those samples, by method."""
        return {name: describe_run(own) for name, own in self.methods.items()}

    @property
    def again(self) -> str | None:
        """What follows the commands that fill the gaps."""
        return gaps.again(self.layout, self.scores) if self.notes else None

    def path(self, method: str) -> Path:
        return self.scores.folder / method


def build(layout: Layout, scores: Scores) -> Table:
    """Fills a layout.

    Raises: UserError where none of its rows has scores, so that nothing of ours could be shown.
    """
    published, common = layout.published, scores.common(layout.methods.values())
    if not common:
        raise UserError(
            f"{layout.name}: none of its methods is scored in {scores.path}; expected one of"
            f" {', '.join(layout.methods[row] for row in published.rows if row in layout.methods)}"
        )
    labels = {
        label: [row.labels[i] for row in published.rows.values()]
        for i, label in enumerate(published.labels)
    }
    notes: list[Gap] = []
    columns = [
        column
        for name in published.columns
        for column in (printed(layout, name), ours(layout, scores, common, name, notes))
    ]
    return Table(layout, scores, labels, columns, describe(layout, scores, common), notes)


def printed(layout: Layout, name: str) -> Column:
    """A column as the paper has it."""
    column = layout.published.columns[name]
    numbers = [row.numbers[name] for row in layout.published.rows.values()]
    marks = rank(numbers, column)
    cells = [
        Cell(number.show(column.digits), number, mark) if number else Cell("–")
        for number, mark in zip(numbers, marks, strict=True)
    ]
    return Column(heading(layout, name), column.arrow, "published", cells)


def ours(layout: Layout, scores: Scores, common: Samples, name: str, notes: list[Gap]) -> Column:
    """Our numbers of the same quantity; adds a note for each reason why one is missing."""
    column = layout.published.columns[name]
    found = [our_number(layout, scores, common, row, name) for row in layout.published.rows]
    notes.extend(gap for gap in dict.fromkeys(found) if isinstance(gap, Gap) and gap not in notes)
    marks = rank([entry if isinstance(entry, Number) else None for entry in found], column)

    def cell(row: str, entry: Number | Gap, mark: Mark | None) -> Cell:
        if isinstance(entry, Gap):
            return Cell("–", note=notes.index(entry) + 1)
        return Cell(entry.show(column.digits), entry, mark, layout.methods[row])

    cells = [cell(*one) for one in zip(layout.published.rows, found, marks, strict=True)]
    return Column(heading(layout, name), column.arrow, "ours", cells)


def our_number(
    layout: Layout, scores: Scores, common: Samples, row: str, name: str
) -> Number | Gap:
    gap = gaps.of_row(row, layout, scores, common) or gaps.of_score(row, name, layout, scores)
    if gap:
        return gap
    score = layout.score(name, scores.protocol["name"]) or ""
    entry = scores.entry(layout.methods[row], score) or {}
    return as_printed(entry, layout.published.columns[name], f"{scores.path}: {score}")


def heading(layout: Layout, name: str) -> str:
    unit = layout.published.columns[name].unit
    return f"{name} ({unit})" if unit else name
