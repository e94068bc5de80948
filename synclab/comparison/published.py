"""Reads and checks the papers' numbers in `results/published.yaml`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Gt

from synclab.comparison.number import Number, read_number
from synclab.config.schema import validate
from synclab.config.yaml_files import read_yaml
from synclab.errors import UserError, nearest
from synclab.places import PUBLISHED

UNITS = {"seconds": 1.0, "minutes": 1 / 60, "MB": 1.0, "%": 1.0}
"""Factor that converts seconds, megabytes, or a plain number, to each unit."""


@dataclass(frozen=True)
class PrintedColumn:
    """A printed column: the better direction, and the factor its values were multiplied by."""

    better: Literal["lower", "higher"]
    scale: Annotated[float, Gt(0)] = 1
    unit: Literal["seconds", "minutes", "MB", "%"] | None = None
    digits: Annotated[int, Gt(-1)] = 2

    def head(self, name: str) -> str:
        """Column heading: name, unit and arrow."""
        unit = f" ({self.unit})" if self.unit else ""
        return f"{name}{unit} {'↓' if self.better == 'lower' else '↑'}"

    @property
    def factor(self) -> float:
        """Converts a plain value, or seconds, to the printed unit."""
        return self.scale * UNITS.get(self.unit or "", 1.0)


@dataclass(frozen=True)
class PrintedRow:
    """A printed row: its labels and its numbers, one for each column."""

    labels: tuple[str, ...]
    numbers: Mapping[str, Number | None]


@dataclass(frozen=True, kw_only=True)
class Heading:
    """Description of a table; `head` is the heading of its row names."""

    paper: str
    place: str
    source: str
    recovered: Literal["paper", "secondary"]
    title: str
    n: int | None
    labels: tuple[str, ...] = ()
    head: str = "Method"
    transposed: bool = False


@dataclass(frozen=True, kw_only=True)
class PublishedEntry(Heading):
    """Keys of a table in the file."""

    columns: Mapping[str, Any]
    rows: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Published(Heading):
    """A table of a paper, its columns and rows by name."""

    columns: Mapping[str, PrintedColumn]
    rows: Mapping[str, PrintedRow]


def read_published(path: Path = PUBLISHED) -> dict[str, Published]:
    """All tables by name.

    Raises: UserError that names the table, the key and what was expected.
    """
    body = read_yaml(path)
    if not isinstance(body, dict):
        raise UserError(f"{path}: expected tables by name")
    return {name: read_table(entry, f"{path}: {name}") for name, entry in body.items()}


def read_table(body: Any, key: str) -> Published:
    if not isinstance(body, dict):
        raise UserError(f"{key}: expected a table with title, source, columns and rows")
    rows = {str(name): row for name, row in (body.get("rows") or {}).items()}
    checked = validate_all(PublishedEntry, {**body, "rows": rows}, key)
    columns = {
        name: PrintedColumn(**validate_all(PrintedColumn, column, f"{key}.columns.{name}"))
        for name, column in checked["columns"].items()
    }
    labels = checked.get("labels", ())
    printed = {
        name: read_row(row, labels, columns, f"{key}.rows.{name}") for name, row in rows.items()
    }
    return Published(**{**checked, "columns": columns, "rows": printed})


def validate_all(cls: type, body: Any, key: str) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise UserError(f"{key}: expected keys and values, not {body!r}")
    return validate(cls, body, key)


def read_row(
    row: Any, labels: Sequence[str], columns: Mapping[str, PrintedColumn], key: str
) -> PrintedRow:
    names = [*labels, *columns]
    if not isinstance(row, list) or len(row) != len(names):
        raise UserError(f"{key}: expected a list of {len(names)} values: {', '.join(names)}")
    try:
        numbers = [read_number(entry) for entry in row[len(labels) :]]
    except ValueError as error:
        raise UserError(f"{key}: {error}") from error
    said = tuple(show_label(entry) for entry in row[: len(labels)])
    return PrintedRow(said, dict(zip(columns, numbers, strict=True)))


def show_label(entry: Any) -> str:
    """A tick or a cross, or the text itself."""
    return {True: "✓", False: "✗"}[entry] if isinstance(entry, bool) else str(entry)


def find(tables: Mapping[str, Any], name: str, key: str) -> Any:
    """The entry of a name.

    Raises: UserError with the nearest name where there is no such entry.
    """
    if name not in tables:
        raise UserError(f"{key}={name}: no such entry; {nearest(name, tables)}")
    return tables[name]
