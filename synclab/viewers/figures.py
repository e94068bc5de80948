"""Figures 9 and 10 of StochSync and 9 of SyncSDE: their numbers, and their drawings."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from synclab.errors import UserError
from synclab.viewers.drawing import WIDTHS, canvas
from synclab.viewers.measurements import errors_by_time
from synclab.viewers.plots import draw_errors
from synclab.viewers.samples import samples_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LABELS = {"ablation_1": "σ = 0", "ablation_2": "maximum σ", "stochsync": "StochSync"}
"""The paper's names of fig9's methods."""


@dataclass(frozen=True)
class Sweep:
    """Scores against a value that an experiment sweeps: its samples are in RESULTS/NAME-VALUE/TASK.

    `scores` are columns of the protocol with their labels, those that there are; `scale` is that of
    matplotlib for the values, which `label` names.
    """

    name: str
    task: str
    protocol: str
    label: str
    scale: str
    scores: Mapping[str, str]


SWEEPS = {
    "fig10": Sweep(
        "fig10",
        "image",
        "embedded",
        "steps",
        "log",
        {"fid": "FID", "clip_embedded": "CLIP", "giqa": "GIQA x 1000"},
    ),
    "lambda": Sweep(
        "lambda",
        "ambiguous",
        "embedded_ambiguous",
        "1 / λ",
        "symlog",
        {"alignment": "alignment x 100", "concealment": "concealment", "kid": "KID x 1000"},
    ),
}


def errors_of_fig9(results: Path) -> pd.DataFrame:
    """Columns method, t, error, samples: means over the samples of experiment=fig9.

    Raises: UserError for a method without finished samples.
    """
    place = results / "fig9" / "inpainting"
    table = errors_by_time(samples_of(place))
    for method in LABELS:
        if method not in set(table["method"]):
            raise UserError(
                f"{place / method}: no finished sample; run synclab run experiment=fig9 first"
            )
    return table.query("method in @LABELS").reset_index(drop=True)


def scores_by_value(results: Path, sweep: Sweep, protocol: str) -> pd.DataFrame:
    """Columns value, score, mean, error: of every folder of the experiment.

    Raises: UserError if none has been evaluated by the protocol.
    """
    folders, rows = f"{sweep.name}-*/{sweep.task}", []
    for path in results.glob(f"{folders}/scores.{protocol}.json"):
        value = float(path.parents[1].name.partition("-")[2])
        (found,) = json.loads(path.read_text(encoding="utf-8"))["methods"].values()
        known = {
            score: found["scores"][score] for score in sweep.scores if score in found["scores"]
        }
        rows += [(value, s, v["value"], v.get("error")) for s, v in known.items()]
    if not rows:
        raise UserError(
            f"{results}/{folders}: no scores.{protocol}.json; run synclab run"
            f" experiment={sweep.name}, then synclab evaluate {results}/{folders} eval={protocol}"
        )
    table = pd.DataFrame(rows, columns=["value", "score", "mean", "error"])
    return table.sort_values(["score", "value"], ignore_index=True)


def draw_fig9(table: pd.DataFrame, width: float = WIDTHS["column"]) -> "Figure":
    """One line for each method, under the paper's names, t falling to the right."""
    return draw_errors(table.replace({"method": LABELS}), width)


def draw_sweep(table: pd.DataFrame, width: float = WIDTHS["page"], *, sweep: Sweep) -> "Figure":
    """One panel for each score, against the swept value."""
    scores = list(dict.fromkeys(table["score"]))
    figure, (panels,) = canvas(1, len(scores), width)
    for axes, score in zip(panels, scores, strict=True):
        own = table[table["score"] == score]
        axes.errorbar(own["value"], own["mean"], own["error"].astype(float), marker="o")
        axes.set(xlabel=sweep.label, ylabel=sweep.scores[score], xscale=sweep.scale)
    return figure
