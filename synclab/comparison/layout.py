"""Maps our scores and methods to the columns and rows of the papers' tables: conf/tables.yaml."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from synclab.comparison.published import PrintedRow, Published, find, read_published
from synclab.config.schema import validate
from synclab.config.yaml_files import read_yaml
from synclab.places import CONF

LAYOUTS = CONF / "tables.yaml"


@dataclass(frozen=True)
class Layout:
    """A table to fill: `scores` by printed column, `methods` by printed row.

    `prompts` is the paper's set of prompts, if it is known.
    """

    name: str
    published: Published
    task: str
    prompts: str | None
    scores: Mapping[str, str | Mapping[str, str]]
    methods: Mapping[str, str]

    def score(self, column: str, protocol: str) -> str | None:
        """The name of our score for a printed column; it may depend on the protocol."""
        name = self.scores.get(column)
        return name.get(protocol.split("_")[0]) if isinstance(name, Mapping) else name

    def with_rows(self, names: Iterable[str]) -> "Layout":
        """Adds rows for further methods below the paper's, except for those that have one."""
        new = [name for name in dict.fromkeys(names) if name not in self.methods.values()]
        printed = self.published
        empty = PrintedRow(tuple("–" for _ in printed.labels), dict.fromkeys(printed.columns, None))
        rows = {**printed.rows, **dict.fromkeys(new, empty)}
        methods = {**self.methods, **{name: name for name in new}}
        return replace(self, published=replace(printed, rows=rows), methods=methods)

    def call(self, row: str) -> str:
        """A row's name for use in a sentence."""
        head = self.published.head
        return row if head == "Method" else f"{head} {row}"


@dataclass(frozen=True)
class LayoutEntry:
    """Keys of one table."""

    published: str
    task: str
    prompts: str | None = None
    methods: dict[str, str] | None = None


@dataclass(frozen=True)
class LayoutFile:
    """Keys of the file."""

    scores: dict[str, str | dict[str, str]]
    methods: dict[str, str]
    tables: dict[str, dict[str, Any]]
    studies: dict[str, dict[str, Any]] | None = None


def read_file(path: Path = LAYOUTS) -> LayoutFile:
    body = read_yaml(path)
    return LayoutFile(**validate(LayoutFile, body, str(path)))


def read_layouts(path: Path = LAYOUTS) -> dict[str, Layout]:
    """All tables that can be filled, by name."""
    file, published = read_file(path), read_published()

    def layout(name: str, values: Mapping[str, Any]) -> Layout:
        key = f"{path}: tables.{name}"
        entry = LayoutEntry(**validate(LayoutEntry, values, key))
        printed = find(published, entry.published, f"{key}.published")
        known = entry.methods or file.methods
        methods = {row: known[row] for row in printed.rows if row in known}
        return Layout(name, printed, entry.task, entry.prompts, file.scores, methods)

    return {name: layout(name, values) for name, values in file.tables.items()}
