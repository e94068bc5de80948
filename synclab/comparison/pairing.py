"""A paper's table paired with our scores."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from synclab.comparison.layout import Layout
from synclab.comparison.scores import Samples, ScoreFile
from synclab.errors import UserError


@dataclass(frozen=True)
class Pairing:
    """One table and one file of scores.

    Args:
        plain: our numbers only, for use in a paper: without published columns, empty rows and
            notes.

    Raises: UserError if none of the table's methods is scored.
    """

    layout: Layout
    scores: ScoreFile
    plain: bool = False

    def __post_init__(self) -> None:
        if not self.common:
            raise UserError(
                f"{self.layout.name}: none of its methods is scored in {self.scores.path}; expected"
                f" one of {', '.join(self.layout.methods.values())}"
            )

    @cached_property
    def common(self) -> Samples:
        """The samples that the table covers; scores on other samples are not comparable."""
        return self.scores.common(self.layout.methods.values())

    @cached_property
    def shown(self) -> dict[str, Mapping[str, Any]]:
        """Scores on the common samples, by method in the table's order."""
        return {
            method: self.scores.methods[method]
            for method in self.layout.methods.values()
            if self.scores.samples(method) == self.common
        }

    @cached_property
    def asked(self) -> Mapping[str, Any]:
        """A row with the keys "prior", "preset" and "prompts" of the samples, or empty."""
        sample = min(self.common)
        return next(filter(None, (self.scores.asked(name, sample) for name in self.shown)), {})

    @cached_property
    def rows(self) -> list[str]:
        """Names of the rows that are shown."""
        rows, methods = list(self.layout.published.rows), self.layout.methods
        return [row for row in rows if methods.get(row) in self.shown] if self.plain else rows

    @cached_property
    def bounds(self) -> dict[str, Mapping[str, Any]]:
        """Scores of two sets that no method made, where the protocol has true pictures.

        "floor": held-out pictures of the reference's kind; "truth": held-out true pictures.
        """
        body = self.scores.body
        found = {"floor": body.get("noise_floor"), "truth": body.get("truth")}
        return {name: own["scores"] for name, own in found.items() if own and body.get("truth")}

    @property
    def prompt_count(self) -> int:
        """Number of prompts that are scored."""
        return min(own["prompts"] for own in self.shown.values())

    @property
    def protocol(self) -> str:
        return self.scores.protocol["name"]

    @property
    def run(self) -> Path:
        """The run's folder, which contains its tasks' folders."""
        return self.scores.folder.parent

    def score(self, column: str) -> str | None:
        """The name of our score for a printed column."""
        return self.layout.score(column, self.protocol)

    def used(self) -> Iterator[tuple[str, str]]:
        """Printed columns with the names of our scores."""
        for column in self.layout.published.columns:
            if score := self.score(column):
                yield column, score
