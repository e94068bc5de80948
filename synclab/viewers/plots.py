"""Plots of a task's results: scores and what they cost, seconds, errors, convergence."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from synclab.comparison.scores import read_scores
from synclab.viewers.drawing import COLOURS, HEIGHT, WIDTHS, canvas, legend_below, literal, looks
from synclab.viewers.measurements import (
    errors_by_time,
    previews_by_step,
    scores_and_costs,
    seconds_by_part,
)
from synclab.viewers.samples import Samples

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LABELS = {
    "fid": "FID", "clip_embedded": "CLIP", "clip_b32": "CLIP", "clip_b16": "CLIP",
    "giqa": "GIQA", "kid": "KID", "cmmd": "CMMD",
}  # fmt: skip
"""Scores that are drawn first, and their labels; others are labelled by their names."""

SHOWN = 3
"""Scores that a plot draws at most; the table beside it holds all."""

COSTS = {"seconds": "seconds", "nfe": "network evaluations"}

Draw = Callable[[pd.DataFrame, float], "Figure"]


@dataclass(frozen=True)
class Plot:
    """A drawing with its data.

    Args:
        name: of its files, such as "costs.embedded".
        alt: what it shows, in words.
        draw: from a table of the same columns and a width in inches.
        width: inches of its drawing in the page.
    """

    name: str
    title: str
    alt: str
    table: pd.DataFrame
    draw: Draw
    width: float

    @property
    def csv(self) -> bytes:
        return self.table.to_csv(index=False).encode("utf-8")

    def drawn(self, width: float | None = None) -> "Figure":
        return self.draw(self.table, width or self.width)


def plots_of(task: Path, samples: Samples, scores: Sequence[str] = ()) -> Iterator[Plot]:
    """The plots that a task's results have data for.

    Args:
        task: its folder.
        scores: columns of an evaluation to draw, of the protocols that have all of them; empty for
            the first that `LABELS` names.
    """
    yield from plots_of_scores(task, scores)
    for name, own in MEASURED.items():
        table = own.read(samples)
        if len(table):
            yield Plot(name, own.title, own.tell(table), table, own.draw, WIDTHS["column"])


def plots_of_scores(task: Path, scores: Sequence[str]) -> Iterator[Plot]:
    """Bars, and scores against their costs, for every protocol the task was evaluated by."""
    for protocol, file in read_scores(task.parent, task.name).items():
        table = chosen(scores_and_costs(file), scores)
        if not len(table) or not set(scores) <= set(table["score"]):
            continue
        title = f"Scores by {protocol}"
        alt, wide = tell_scores(table), WIDTHS["page"]
        yield Plot(f"scores.{protocol}", title, alt, table, draw_scores, wide)
        if not any(table[cost].isna().any() for cost in COSTS):
            front, title = tell_front(table), f"Scores and costs by {protocol}"
            yield Plot(f"costs.{protocol}", title, front, table, draw_costs, wide)


def chosen(table: pd.DataFrame, scores: Sequence[str]) -> pd.DataFrame:
    """All rows, those of the scores to draw first and in order."""
    known = list(dict.fromkeys(table["score"]))
    first = [own for own in (scores or LABELS) if own in known]
    order = {own: i for i, own in enumerate([*first, *(own for own in known if own not in first)])}
    return table.sort_values("score", key=lambda own: own.map(order), kind="stable")


def drawn_scores(table: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """The scores that a plot draws, each with its label and its rows."""
    for score, own in list(groups(table, "score").items())[:SHOWN]:
        scale, better = own["scale"].iloc[0], own["better"].iloc[0]
        times, arrow = "" if scale == 1 else f" × {scale:g}", "↑" if better == "higher" else "↓"
        yield literal(f"{LABELS.get(score, score)}{times} {arrow}"), own


def groups(table: pd.DataFrame, column: str) -> dict[str, pd.DataFrame]:
    """The rows of each value of a column, in the table's order."""
    return {str(value): own for value, own in table.groupby(column, sort=False)}


def front_of(table: pd.DataFrame, cost: str) -> pd.DataFrame:
    """The rows on a Pareto front, the cheapest first."""
    return table.query(f"front_{cost}").sort_values(cost)


def draw_scores(table: pd.DataFrame, width: float) -> "Figure":
    """Bars with standard errors, a panel for each score."""
    scores = list(drawn_scores(table))
    height = max(1.2, 0.5 + 0.2 * len(set(table["method"])))
    figure, (panels,) = canvas(1, len(scores), width, height)
    for axes, (label, own) in zip(panels, scores, strict=True):
        bars = {"xerr": own["error"].astype(float), "color": COLOURS[0], "ecolor": "#7f7f7f"}
        axes.barh(own["method"].map(literal), own["value"], height=0.7, **bars)
        axes.set(xlabel=label)
        axes.invert_yaxis()
        axes.label_outer()
    return figure


def draw_costs(table: pd.DataFrame, width: float) -> "Figure":
    """Each score against seconds and against network evaluations; a line joins the front."""
    scores = list(drawn_scores(table))
    figure, rows = canvas(len(scores), len(COSTS), width)
    shapes = looks(list(dict.fromkeys(table["method"])))
    for panels, (label, own) in zip(rows, scores, strict=True):
        for axes, (cost, name) in zip(panels, COSTS.items(), strict=True):
            front = front_of(own, cost)
            axes.plot(front[cost], front["value"], color="#7f7f7f", linestyle="--", zorder=0)
            for method, point in groups(own, "method").items():
                look: Any = {"label": literal(method), **shapes[method]}
                error = point["error"].astype(float)
                axes.errorbar(point[cost], point["value"], error, ls="", **look)
            axes.set(xlabel=name, ylabel=label if cost == "seconds" else "")
            low, high = min(own[cost]), max(own[cost])
            axes.set_xscale("log" if high > 10 * low > 0 else "linear")
    legend_below(figure, rows[0][0])
    return figure


def draw_seconds(table: pd.DataFrame, width: float) -> "Figure":
    """Seconds of a sample by part, one bar for each method."""
    parts = table.pivot(index="method", columns="part", values="seconds").fillna(0)
    parts = parts.loc[list(dict.fromkeys(table["method"])), list(dict.fromkeys(table["part"]))]
    parts = parts.rename(index=literal)
    figure, ((axes,),) = canvas(1, 1, width, max(1.4, 0.9 + 0.2 * len(parts)))
    left = pd.Series(0.0, index=parts.index)
    for part, colour in zip(parts, COLOURS, strict=False):
        axes.barh(parts.index, parts[part], left=left, color=colour, label=str(part), height=0.7)
        left = left + parts[part]
    axes.set(xlabel="seconds")
    axes.invert_yaxis()
    legend_below(figure, axes)
    return figure


def draw_errors(table: pd.DataFrame, width: float) -> "Figure":
    """The error of the known region against t, which falls to the right."""
    figure = lines(table, ("t", "error"), width)
    figure.axes[0].set(xlabel="t", ylabel="error of the known region", yscale="log")
    figure.axes[0].invert_xaxis()
    return figure


def draw_previews(table: pd.DataFrame, width: float) -> "Figure":
    """The root mean squared difference of previews to the final picture against steps."""
    figure = lines(table, ("step", "distance"), width)
    figure.axes[0].set(xlabel="steps", ylabel="RMSE to the final picture", ylim=(0, None))
    return figure


def lines(table: pd.DataFrame, names: tuple[str, str], width: float) -> "Figure":
    """One line for each method."""
    figure, ((axes,),) = canvas(1, 1, width, HEIGHT + 0.3)
    shapes = looks(list(dict.fromkeys(table["method"])))
    for method, own in groups(table, "method").items():
        look: Any = {"label": literal(method), "markevery": max(1, len(own) // 8), **shapes[method]}
        axes.plot(own[names[0]], own[names[1]], clip_on=False, **look)
    legend_below(figure, axes)
    return figure


# What they show, in words


def tell_scores(table: pd.DataFrame) -> str:
    """The methods of each score that is drawn, the best first."""
    told = []
    for label, own in drawn_scores(table):
        ranked = own.sort_values("value", ascending=label.endswith("↓"))
        values = zip(ranked["method"], ranked["value"], strict=True)
        told.append(f"{label[:-2]}: {', '.join(f'{m} {v:.4g}' for m, v in values)}.")
    return " ".join(told)


def tell_front(table: pd.DataFrame) -> str:
    """The methods on each Pareto front that is drawn, the cheapest first."""
    told = []
    for label, own in drawn_scores(table):
        for cost, name in COSTS.items():
            front = front_of(own, cost)["method"]
            told.append(f"{label[:-2]} and {name}: {', '.join(front)}.")
    return f"Pareto fronts, the cheapest first. {' '.join(told)}"


def tell_seconds(table: pd.DataFrame) -> str:
    totals = {method: sum(own["seconds"]) for method, own in groups(table, "method").items()}
    ranked = sorted(totals.items(), key=lambda own: own[1])
    return f"Seconds of a sample: {', '.join(f'{m} {s:.3g}' for m, s in ranked)}."


def tell_ends(table: pd.DataFrame) -> str:
    """The first and the last value of each line."""
    value = str(table.columns[2])
    lines = {method: own[value] for method, own in groups(table, "method").items()}
    ends = [f"{m} from {own.iloc[0]:.3g} to {own.iloc[-1]:.3g}" for m, own in lines.items()]
    return f"{value.capitalize()}: {', '.join(ends)}."


@dataclass(frozen=True)
class Measured:
    """A plot of what rows and previews hold: its title, table, drawing and words."""

    title: str
    read: Callable[[Samples], pd.DataFrame]
    draw: Draw
    tell: Callable[[pd.DataFrame], str]


MEASURED = {
    "seconds": Measured("Seconds by part", seconds_by_part, draw_seconds, tell_seconds),
    "errors": Measured("Error of the known region", errors_by_time, draw_errors, tell_ends),
    "previews": Measured("Convergence of previews", previews_by_step, draw_previews, tell_ends),
}
