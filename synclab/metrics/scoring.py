"""Computes scores from features, and paired differences of methods on the same prompts."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from synclab.errors import UserError
from synclab.metrics.columns import Metric
from synclab.metrics.features import Measured
from synclab.metrics.formulas.jackknife import Estimate, deal

Metrics = Mapping[str, Metric]


@dataclass(frozen=True)
class Refusal:
    """The reason why a score could not be computed."""

    reason: str


Scores = Mapping[str, Estimate | Refusal]
"""By the column's name."""


References = Mapping[str, Measured]
"""The protocol's sets of true or plain pictures by name, "reference" and "truth"."""


def score(
    columns: Metrics, generated: Measured, references: References, groups: int | None
) -> Scores:
    """Scores all columns of a set against reference pictures of the same prompts."""
    prompts = generated.prompts
    same = {name: reference.of(prompts) for name, reference in references.items()}
    left_out = deal(prompts, groups)

    def attempt(column: Metric) -> Estimate | Refusal:
        if not prompts:
            return Refusal("no finished sample can be used; run its command again")
        if column.against == "truth" and not same["truth"].pictures:
            return Refusal(
                "no true pictures: expected prompts that name the embedded world's scenes"
            )
        try:
            return column.estimate(generated, same[column.against], left_out)
        except UserError as error:
            return Refusal(str(error))

    return {name: attempt(column) for name, column in columns.items()}


def of_views(columns: Metrics) -> Metrics:
    """The columns that apply to a set of single views too."""
    return {n: c for n, c in columns.items() if c.per_view and c.against == "reference"}


def differences(methods: Mapping[str, Measured], scores: Mapping[str, Scores]) -> dict[str, Any]:
    """Paired differences of every two methods that were scored on the same prompts."""
    return {
        f"{a} - {b}": difference(scores[a], scores[b])
        for a, b in combinations(methods, 2)
        if methods[a].prompts == methods[b].prompts
    }


def difference(first: Scores, second: Scores) -> dict[str, Any]:
    pairs = {name: (first[name], second[name]) for name in first}
    return {
        name: plain(a - b)
        for name, (a, b) in pairs.items()
        if isinstance(a, Estimate) and isinstance(b, Estimate) and len(a.without) == len(b.without)
    }


def plain(estimate: Estimate) -> dict[str, float | None]:
    return {"value": estimate.value, "error": estimate.error}


def to_plain(scores: Scores, columns: Metrics) -> dict[str, Any]:
    """Scores for JSON; a refused score has a reason instead of a value."""
    return {name: entry(made, columns[name]) for name, made in scores.items()}


def entry(made: Estimate | Refusal, column: Metric) -> dict[str, Any]:
    meaning = {"scale": column.scale, "better": column.better}
    if isinstance(made, Refusal):
        return {"value": None, "error": None, "reason": made.reason, **meaning}
    return {**plain(made), **meaning}
