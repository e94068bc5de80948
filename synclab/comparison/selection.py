"""Which tables a run has scores for."""

from collections.abc import Collection, Iterator
from pathlib import Path

from synclab.comparison.layout import Layout, read_layouts
from synclab.comparison.pairing import Pairing
from synclab.comparison.published import find
from synclab.comparison.scores import ScoreFile, read_scores
from synclab.comparison.table import Table, build
from synclab.errors import UserError

FOLDER = "tables"
"""The folder of a run's tables, inside the run's."""


def own(layouts: Collection[Layout], run: Path) -> list[Layout]:
    """The tables that a run has scores for, on the paper's prompts if these are known."""
    return [
        layout
        for layout in layouts
        if any(belongs(layout, scores) for scores in read_scores(run, layout.task).values())
    ]


def belongs(layout: Layout, scores: ScoreFile) -> bool:
    try:
        return layout.prompts in (None, Pairing(layout, scores).asked.get("prompts"))
    except UserError:  # none of its methods was scored
        return False


def choose(layout: Layout, run: Path, protocol: str | None) -> list[ScoreFile]:
    """The scores of a table's task, by one protocol or by all."""
    found = read_scores(run, layout.task)
    if not found:
        raise UserError(
            f"{layout.name}: no scores in {run / layout.task}; python -m synclab.run"
            f" experiment={layout.name} run={run.name}, then python -m synclab.evaluate"
            f" {run / layout.task}"
        )
    return [find(found, protocol, "eval")] if protocol else list(found.values())


def tables_of(run: Path, task: str) -> Iterator[Table]:
    """A task's tables that belong to a run by its prompts, or that lie in the run's folder."""
    layouts = {name: each for name, each in read_layouts().items() if each.task == task}
    belonging = {layout.name for layout in own(layouts.values(), run)}
    for layout in layouts.values():
        for protocol, scores in read_scores(run, task).items():
            made = run / FOLDER / f"{layout.name}.{protocol}.html"
            if made.is_file() or layout.name in belonging and belongs(layout, scores):
                yield build(Pairing(layout, scores))
