"""The plots and tables of a report's page."""

import logging
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlencode

from synclab.comparison import html
from synclab.comparison.selection import tables_of
from synclab.core.atomic import write_atomically
from synclab.errors import UserError
from synclab.viewers.drawing import rendered
from synclab.viewers.plots import Plot, plots_of
from synclab.viewers.samples import Samples

log = logging.getLogger(__name__)

PLOTS = "plots"
"""The folder of the plots, inside the report's."""


def write_plots(tasks: Mapping[Path, Samples], folder: Path) -> list[dict[str, str]]:
    """Writes the plots of all tasks as SVG and CSV; returns what the page knows of each.

    Logs a line for every reason why there are none: no matplotlib, a damaged file of scores.
    """
    made, reasons = [], set()
    for task, samples in tasks.items():
        try:
            made += [write_plot(plot, task, folder) for plot in plots_of(task, samples)]
        except UserError as error:
            reasons.add(str(error))
    for reason in sorted(reasons):
        log.warning("the page lacks plots: %s", reason)
    return made


def write_plot(plot: Plot, task: Path, folder: Path) -> dict[str, str]:
    run = task.resolve().parent.name
    name = f"{PLOTS}/{run}.{task.name}.{plot.name}"
    drawing = rendered(plot.drawn(), "svg")
    (folder / PLOTS).mkdir(parents=True, exist_ok=True)
    write_atomically(folder / f"{name}.svg", drawing)
    write_atomically(folder / f"{name}.csv", plot.csv)
    known = {"task": task.name, "run": run, "title": plot.title, "alt": plot.alt}
    return {**known, "file": name, "svg": themed(drawing.decode("utf-8"))}


def themed(svg: str) -> str:
    """A drawing without its background, in the colour of the page's text."""
    _, start, drawing = svg.partition("<svg ")
    unnamed = re.sub('<g id="[^"]*">', "<g>", start + drawing)  # each figure has a "figure_1"
    return unnamed.replace("#000000", "currentColor").replace("#ffffff", "none")


def describe_tables(tasks: Mapping[Path, Samples]) -> list[dict[str, str]]:
    """The papers' tables for all tasks, whose numbers lead to the samples on the page."""
    return [own for task in tasks for own in tables_of_task(task)]


def tables_of_task(task: Path) -> Iterator[dict[str, str]]:
    """Logs a line for each table that could not be made."""

    def place(method: str) -> str:
        return f"#{urlencode({'task': task.name, 'method': method})}"

    try:
        for table in tables_of(task.parent, task.name):
            text = html.body(table, place) + html.runs(table, place)
            run = task.resolve().parent.name
            facts = {"task": task.name, "run": run, "title": table.title}
            yield {**facts, "name": f"{table.name}, {table.pairing.protocol}", "html": text}
    except UserError as error:
        log.warning("the page lacks tables: %s", error)
