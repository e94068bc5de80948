"""Curves of columns over the amount of a fault: kept as CSV, and what they tell."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

HIGHER = {"is_1", "is_10", "giqa", "clip_embedded", "precision", "recall"}
"""Columns of which more is better."""

LEAST = 0.1  # change of a column that no views of independent scenes have

INDEPENDENT, NONE = "independent views", "none"
"""Names of the undisturbed sets: views of independent scenes, and true panoramas."""


@dataclass(frozen=True)
class Row:
    """The value of one column for one set of panoramas."""

    fault: str
    amount: float
    column: str
    value: float


def write(rows: Sequence[Row], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["fault", "amount", "column", "value"])
        table.writerows(
            [row.fault, f"{row.amount:g}", row.column, f"{row.value:.6g}"] for row in rows
        )


def read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Row(row["fault"], float(row["amount"]), row["column"], float(row["value"]))
            for row in csv.DictReader(file)
        ]


def curve(rows: Sequence[Row], fault: str, column: str) -> list[tuple[float, float]]:
    """(amount, value) of a column from the undisturbed panoramas to the strongest fault."""
    return sorted(
        (row.amount, row.value)
        for row in rows
        if row.column == column and row.fault in (NONE, fault)
    )


def gap(rows: Sequence[Row], column: str) -> float:
    """What coherence alone makes of a column: true panoramas against independent views.

    Columns against the truth take that of their counterpart. Columns of whole pictures have none;
    a change counts there from a tenth of the undisturbed value on.
    """
    plain = column.removesuffix("_truth")
    found = {r.fault: r.value for r in rows if r.column == plain and r.fault in (NONE, INDEPENDENT)}
    return abs(found[NONE] - found.get(INDEPENDENT, (1 + LEAST) * found[NONE]))


def sees(rows: Sequence[Row], fault: str, column: str) -> bool:
    """Whether a column gets worse at every step, in all by more than the gap of coherence."""
    values = np.array([value for _, value in curve(rows, fault, column)])
    worse = -np.diff(values) if column in HIGHER else np.diff(values)
    return bool((worse > 0).all() and worse.sum() > gap(rows, column))
