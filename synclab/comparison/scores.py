"""Reads our scores: the file that `synclab evaluate` writes for a run and task."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synclab.comparison.number import Number
from synclab.comparison.published import PrintedColumn
from synclab.errors import UserError

Samples = frozenset[str]
"""Ids of the samples that a method was scored on."""


@dataclass(frozen=True)
class ScoreFile:
    """One file: the methods of a task, scored by one protocol."""

    path: Path
    body: Mapping[str, Any]

    @property
    def protocol(self) -> Mapping[str, Any]:
        return self.body["protocol"]

    @property
    def methods(self) -> Mapping[str, Mapping[str, Any]]:
        return self.body["methods"]

    @property
    def folder(self) -> Path:
        """The task's folder, which contains the methods' folders."""
        return self.path.parent

    def samples(self, method: str) -> Samples:
        """The samples that a method was scored on; empty if it was not scored."""
        return frozenset(self.methods.get(method, {}).get("samples", ()))

    def common(self, methods: Iterable[str]) -> Samples:
        """The set of samples that most of these methods were scored on; ties go to the largest."""
        sets = Counter(filter(None, map(self.samples, methods)))
        return max(sets, key=lambda own: (sets[own], len(own)), default=frozenset())

    def asked(self, method: str, sample: str) -> Mapping[str, Any]:
        """A sample's row if it records prior, preset and prompts; empty if not, or if missing."""
        try:
            path = self.folder / method / f"{sample}.json"
            row = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return row if {"prior", "preset", "prompts"} <= row.keys() else {}

    def entry(self, method: str, score: str) -> Mapping[str, Any] | None:
        """A score with "value" and "error", or with a "reason" if it has no value.

        "runtime" and "memory" are costs of the samples, not scores.
        """
        own = self.methods[method]
        if score == "memory":
            return {"value": own.get("memory_mb"), "error": None, "better": "lower"}
        if score == "runtime":
            runtime = own["runtime"]
            return {"value": runtime["seconds"], "error": runtime["error"], "better": "lower"}
        return own["scores"].get(score)


def read_scores(run: Path, task: str) -> dict[str, ScoreFile]:
    """The scores of a run's task, by protocol."""
    found = [read_file(path) for path in sorted((run / task).glob("scores.*.json"))]
    return {scores.protocol["name"]: scores for scores in found}


def read_file(path: Path) -> ScoreFile:
    try:
        scores = ScoreFile(path, json.loads(path.read_text(encoding="utf-8")))
        require(scores.protocol, "name", "version")
        for own in scores.methods.values():
            require(own, "scores", "samples", "n")
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: not a score file; delete it and evaluate again") from error
    return scores


def require(entry: Mapping[str, Any], *keys: str) -> None:
    """Raises a KeyError that names the missing key."""
    if missing := set(keys) - entry.keys():
        raise KeyError(*sorted(missing))


def as_printed(entry: Mapping[str, Any], column: PrintedColumn, where: str) -> Number:
    """Converts our score to the scale and unit of the paper's column.

    Raises: UserError if the better direction differs, since the quantity would not be the same.
    """
    if entry.get("better", column.better) != column.better:
        raise UserError(f"{where}: {entry['better']} is better, {column.better} in published.yaml")
    factor = column.factor / entry.get("scale", 1)
    error = entry["error"]
    return Number(factor * entry["value"], None if error is None else factor * error)
