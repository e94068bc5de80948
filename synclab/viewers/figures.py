"""Figures 9 and 10 of StochSync: their numbers, and their drawings by matplotlib."""

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from synclab.errors import UserError
from synclab.store.pictures import read_pictures

LABELS = {"ablation_1": "σ = 0", "ablation_2": "maximum σ", "stochsync": "StochSync"}
"""The paper's names of fig9's methods."""

SCORES = {"fid": "FID", "clip_embedded": "CLIP", "giqa": "GIQA x 1000"}
"""Columns of an evaluation that fig10 draws, those that there are, and their labels."""


def errors_by_time(results: Path) -> pd.DataFrame:
    """Columns method, t, error, samples: means over the samples of experiment=fig9.

    Raises: UserError for a method without finished samples.
    """
    rows = []
    for method in LABELS:
        place = results / "fig9" / "inpainting" / method
        found = [p.row for p in read_pictures(place) if p.row.get("measurement_error")]
        if not found:
            raise UserError(f"{place}: no finished sample; run synclab run experiment=fig9 first")
        errors = np.mean([row["measurement_error"] for row in found], 0)
        times = times_of(found[0]["config"]["method"])
        rows += [(method, t, e, len(found)) for t, e in zip(times, errors, strict=True)]
    return pd.DataFrame(rows, columns=["method", "t", "error", "samples"])


def times_of(method: dict[str, Any]) -> list[int]:
    """Times of StochSync's rounds: the first is pure noise, the others fall evenly."""
    first, last, steps = method["t_max"], method["t_min"], method["steps"]
    return [999, *(round(first + (last - first) * k / (steps - 1)) for k in range(1, steps))]


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


def draw_fig9(table: pd.DataFrame) -> Any:
    """One line for each method, t falling to the right."""
    figure, (axes,) = canvas(1)
    for method, own in table.groupby("method"):
        axes.plot(own["t"], own["error"], label=LABELS[str(method)], marker=".")
    axes.set(xlabel="t", ylabel="measurement error", yscale="log")
    axes.invert_xaxis()
    axes.legend()
    return figure


def draw_fig10(table: pd.DataFrame) -> Any:
    """One panel for each score, against the number of steps."""
    scores = list(dict.fromkeys(table["score"]))
    figure, panels = canvas(len(scores))
    for axes, score in zip(panels, scores, strict=True):
        own = table[table["score"] == score]
        axes.errorbar(own["steps"], own["value"], own["error"].astype(float), marker="o")
        axes.set(xlabel="steps", ylabel=SCORES[score], xscale="log")
    return figure


def canvas(count: int) -> tuple[Any, Sequence[Any]]:
    """A figure without a display, and its panels in a row.

    Raises: UserError if matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise UserError("matplotlib is not installed; use pip install -e '.[figures]'") from error
    figure = Figure(figsize=(4.5 * count, 3.2), layout="constrained")
    return figure, list(figure.subplots(1, count, squeeze=False)[0])


def rendered(figure: Any, kind: str) -> bytes:
    """The file of a figure: svg, pdf or png; equal figures give equal bytes."""
    from matplotlib import rc_context

    buffer = io.BytesIO()
    stamp = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}[kind]
    with rc_context({"svg.hashsalt": "synclab"}):
        figure.savefig(buffer, format=kind, metadata=stamp, dpi=150)
    return buffer.getvalue()
