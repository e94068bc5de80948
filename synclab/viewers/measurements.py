"""What a task's results have measured, as tables: the data of its plots."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from synclab.comparison.scores import ScoreFile
from synclab.store.pictures import Picture
from synclab.viewers.samples import Samples, rank

NUMBER = ("value", "error", "scale", "better")
"""Keys of a score; value and error are multiplied by its scale."""

PREVIEWED = 10
"""Samples of a method whose previews are read."""

SIDE = 128
"""Pixels of the longer side of a preview when it is compared with the final picture."""


def scores_and_costs(scores: ScoreFile) -> pd.DataFrame:
    """Columns method, score, value, error, scale, better, n, seconds, nfe, and the two fronts.

    `front_seconds` and `front_nfe` say whether a method is on the score's Pareto front: no other
    method is at least as good at no higher cost.
    """
    rows = [
        (method, name, *(own[key] for key in NUMBER), entry["n"], *costs_of(entry))
        for method, entry in sorted(scores.methods.items(), key=lambda own: rank(own[0]))
        for name, own in entry["scores"].items()
        if own.get("value") is not None
    ]
    names = ["method", "score", *NUMBER, "n", "seconds", "nfe"]
    table = pd.DataFrame(rows, columns=names)
    for cost in ("seconds", "nfe"):
        groups = (on_front(own, cost) for _, own in table.groupby("score", sort=False))
        table[f"front_{cost}"] = pd.concat([*groups, pd.Series(dtype=bool)])
    return table


def costs_of(entry: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Mean seconds and network evaluations of a method's samples, where recorded."""
    return entry.get("runtime", {}).get("seconds"), entry.get("nfe")


def on_front(table: pd.DataFrame, cost: str) -> pd.Series:
    """Whether each row of one score is on the Pareto front of value and cost."""
    sign = -1 if table["better"].iloc[0] == "higher" else 1
    points = np.stack([sign * table["value"].to_numpy(float), table[cost].to_numpy(float)], 1)
    no_worse = (points[:, None] <= points[None]).all(-1)  # [i, j]: i is nowhere worse than j
    beaten = (no_worse & ~no_worse.T).any(0)
    return pd.Series(~beaten & ~np.isnan(points).any(1), index=table.index)


def seconds_by_part(samples: Samples) -> pd.DataFrame:
    """Columns method, part, seconds, samples: means over the finished samples that record them."""
    rows = []
    for method, pictures in samples.items():
        found = [known for own in pictures.values() if len(known := own.row.get("seconds", {})) > 1]
        parts = sorted({part for own in found for part in own} - {"total"}, key=order_of)
        means = [(p, float(np.mean([own.get(p, 0) for own in found]))) for p in parts]
        rows += [(method, part, mean, len(found)) for part, mean in means]
    return pd.DataFrame(rows, columns=["method", "part", "seconds", "samples"])


def order_of(part: str) -> tuple[bool, str]:
    """What was attributed comes first, and the rest last."""
    return part == "rest", part


def errors_by_time(samples: Samples) -> pd.DataFrame:
    """Columns method, t, error, samples: mean squared errors of the known region.

    They are of methods whose rows record them once a round, and whose rounds have known times.
    """
    rows = []
    for method, pictures in samples.items():
        found = [own.row for own in pictures.values() if own.row.get("measurement_error")]
        times = times_of(found[0]["config"]["method"]) if found else []
        alike = [own for own in found if len(own["measurement_error"]) == len(times)]
        if times and alike:
            errors = np.mean([own["measurement_error"] for own in alike], 0)
            rows += [(method, t, e, len(alike)) for t, e in zip(times, errors, strict=True)]
    return pd.DataFrame(rows, columns=["method", "t", "error", "samples"])


def times_of(method: Mapping[str, Any]) -> list[int]:
    """Times of StochSync's rounds: the first is pure noise, the others fall evenly.

    Empty for methods without these keys.
    """
    if not {"t_max", "t_min", "steps"} <= method.keys():
        return []
    first, last, steps = method["t_max"], method["t_min"], method["steps"]
    return [999, *(round(first + (last - first) * k / (steps - 1)) for k in range(1, steps))]


def previews_by_step(samples: Samples) -> pd.DataFrame:
    """Columns method, step, distance, samples: root mean squared difference to the final picture.

    Colours are in [0, 1]. Means over the first `PREVIEWED` samples of each method whose samples
    have two previews or more.
    """
    rows = [
        (method, int(path.stem), distance(path, picture.path))
        for method, pictures in samples.items()
        for picture, previews in previewed(pictures.values())[:PREVIEWED]
        for path in previews
    ]
    table = pd.DataFrame(rows, columns=["method", "step", "distance"])
    groups = table.groupby(["method", "step"], as_index=False, sort=False)
    return groups.agg(distance=("distance", "mean"), samples=("distance", "size"))


def previewed(pictures: Iterable[Picture]) -> list[tuple[Picture, list[Path]]]:
    """Samples that have two previews or more, with these in order."""
    places = [(own, own.path.parent / "previews" / own.id) for own in pictures]
    found = [(own, sorted(place.glob("*.png"))) for own, place in places]
    return [(own, paths) for own, paths in found if len(paths) > 1]


def distance(one: Path, other: Path) -> float:
    """Root mean squared difference of two pictures, shrunk to `SIDE` pixels."""
    pixels = [shrunk(path) for path in (one, other)]
    return float(np.sqrt(np.mean((pixels[0] - pixels[1]) ** 2)))


def shrunk(path: Path) -> np.ndarray:
    """A picture's colours in [0, 1], its longer side `SIDE` pixels."""
    with Image.open(path) as image:
        factor = SIDE / max(image.size)
        size = [max(1, round(factor * side)) for side in image.size]
        small = image.convert("RGB").resize((size[0], size[1]), Image.Resampling.BOX)
    return np.asarray(small, float) / 255
