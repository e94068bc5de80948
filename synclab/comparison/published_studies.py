"""The papers' user studies, with the folders of the methods that they compare."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from synclab.comparison.layout import LAYOUTS, read_file
from synclab.comparison.preference import Preference
from synclab.comparison.published import Published, find, read_published
from synclab.config.schema import validate


@dataclass(frozen=True)
class PublishedPreference:
    """How often `first` was preferred to `second`, as printed.

    Args:
        about: the paper, the row and its labels.
    """

    first: str
    second: str
    preferred: str
    about: str


@dataclass(frozen=True)
class StudyEntry:
    """Keys of a study in conf/tables.yaml; `rows` of its table, None for all."""

    first: str
    second: str
    rows: list[str] | None = None


def read_studies() -> list[PublishedPreference]:
    """All preferences of `results/published.yaml` that conf/tables.yaml lists."""
    published = read_published()
    return [
        own
        for name, values in (read_file().studies or {}).items()
        for own in rows_of(name, values, find(published, name, f"{LAYOUTS}: studies"))
    ]


def rows_of(name: str, values: dict, table: Published) -> Iterator[PublishedPreference]:
    entry = StudyEntry(**validate(StudyEntry, values, f"{LAYOUTS}: studies.{name}"))
    column = table.columns["Preferred"]
    for row in entry.rows or table.rows:
        printed = find(table.rows, row, f"{LAYOUTS}: studies.{name}.rows")
        labels = zip(table.labels, printed.labels, strict=True)
        about = [row, *(f"{label.lower()} {value}" for label, value in labels)]
        number = printed.numbers["Preferred"].show(column.digits)
        text = f"{table.paper}, {table.source}: {', '.join(about)}"
        yield PublishedPreference(entry.first, entry.second, f"{number}%", text)


def turned_as_published(
    found: Iterable[Preference], studies: Iterable[PublishedPreference]
) -> list[Preference]:
    """Our preferences, each seen from the method that a paper's study of the pair names first."""
    pairs = {(own.first, own.second) for own in studies}
    return [own.turned if (own.second, own.first) in pairs else own for own in found]
