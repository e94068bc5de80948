"""Figures 9 and 10 of StochSync: their numbers, and their drawings."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from synclab.errors import UserError
from synclab.viewers.drawing import WIDTHS, canvas
from synclab.viewers.measurements import errors_by_time, samples_of
from synclab.viewers.plots import draw_errors

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LABELS = {"ablation_1": "σ = 0", "ablation_2": "maximum σ", "stochsync": "StochSync"}
"""The paper's names of fig9's methods."""

SCORES = {"fid": "FID", "clip_embedded": "CLIP", "giqa": "GIQA x 1000"}
"""Columns of an evaluation that fig10 draws, those that there are, and their labels."""


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


def scores_by_steps(results: Path, protocol: str) -> pd.DataFrame:
    """Columns steps, score, value, error: of every folder of experiment=fig10.

    Raises: UserError if none has been evaluated by the protocol.
    """
    rows = []
    for path in results.glob(f"fig10-*/image/scores.{protocol}.json"):
        steps = int(path.parents[1].name.partition("-")[2])
        (found,) = json.loads(path.read_text(encoding="utf-8"))["methods"].values()
        known = {score: found["scores"][score] for score in SCORES if score in found["scores"]}
        rows += [(steps, s, v["value"], v.get("error")) for s, v in known.items()]
    if not rows:
        raise UserError(
            f"{results}/fig10-*/image: no scores.{protocol}.json; run synclab run experiment=fig10,"
            f" then synclab evaluate {results}/fig10-*/image eval={protocol}"
        )
    table = pd.DataFrame(rows, columns=["steps", "score", "value", "error"])
    return table.sort_values(["score", "steps"], ignore_index=True)


def draw_fig9(table: pd.DataFrame, width: float = WIDTHS["column"]) -> "Figure":
    """One line for each method, under the paper's names, t falling to the right."""
    return draw_errors(table.replace({"method": LABELS}), width)


def draw_fig10(table: pd.DataFrame, width: float = WIDTHS["page"]) -> "Figure":
    """One panel for each score, against the number of steps."""
    scores = list(dict.fromkeys(table["score"]))
    figure, (panels,) = canvas(1, len(scores), width)
    for axes, score in zip(panels, scores, strict=True):
        own = table[table["score"] == score]
        axes.errorbar(own["steps"], own["value"], own["error"].astype(float), marker="o")
        axes.set(xlabel="steps", ylabel=SCORES[score], xscale="log")
    return figure
