"""Draws plots of finished samples, with their numbers as CSV beside them.

    synclab figures scores results/demo/panorama     # bars with errors, after synclab evaluate
    synclab figures costs results/demo/panorama --scores fid,clip_embedded
    synclab figures seconds results/demo/panorama
    synclab figures previews results/tiny/wide       # of runs with previews=5
    synclab figures errors results/tiny/inpainting
    synclab figures grid results/tiny/panorama --methods sds=SDS,stochsync=StochSync \\
        --crop "0.4 0.3 0.1 0.2" --arrow "sds 0.6 0.5"
    synclab figures fig9                             # after synclab run experiment=fig9
    synclab figures fig10                            # after experiment=fig10 and synclab evaluate
    synclab figures lambda                           # after experiment=lambda and synclab evaluate

scores, costs: of an evaluation, the costs with the Pareto front; seconds: by part of the program;
previews: how fast they approach the final picture; errors: of the known region against t; grid:
samples under the names of their methods, with details, and the LaTeX that includes it. fig9 and
fig10 are StochSync's, lambda is SyncSDE's Figure 9. The files go to RESULTS/figures/, as SVG, PDF
or PNG.
"""

import argparse
import logging
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from synclab import command
from synclab.comparison.scores import read_scores
from synclab.config.overrides import listed
from synclab.core.atomic import write_atomically
from synclab.errors import UserError, nearest
from synclab.viewers import grid_latex
from synclab.viewers.drawing import WIDTHS, rendered
from synclab.viewers.figures import (
    SWEEPS,
    draw_fig9,
    draw_sweep,
    errors_of_fig9,
    scores_by_value,
)
from synclab.viewers.grid import Arrow, Crop, Grid, choose
from synclab.viewers.grid_drawing import draw_grid
from synclab.viewers.plots import MEASURED, SHOWN, Plot, plots_of
from synclab.viewers.samples import samples_of

log = logging.getLogger(__name__)

NAMES = ["scores", "costs", *MEASURED, "fig9", *SWEEPS]

MISSING = {
    "scores": "no scores there; run synclab evaluate {} first",
    "costs": "no scores with seconds and network evaluations there; run synclab evaluate {} first",
    "seconds": "no finished sample there that records its seconds; run synclab run first",
    "errors": "no sample there with a known region and known times; see task=inpainting",
    "previews": "no previews there; run synclab run previews=5, which makes new samples only",
}
"""Why there is nothing to draw, and what to do."""


def figures(arguments: argparse.Namespace) -> None:
    """Writes the table and the drawing of every plot of one name."""
    width = WIDTHS.get(arguments.width)
    for plot in chosen(arguments):
        place = arguments.results / "figures" / plot.name
        place.parent.mkdir(parents=True, exist_ok=True)
        drawing = rendered(plot.drawn(width), arguments.format)
        write_atomically(place.with_name(f"{plot.name}.csv"), plot.csv)
        write_atomically(place.with_name(f"{plot.name}.{arguments.format}"), drawing)
        log.info("%s.%s", place, arguments.format)


def chosen(arguments: argparse.Namespace) -> Iterator[Plot]:
    """The plots of a name: of the scores, one for each protocol.

    Raises: UserError if the results have no data for it.
    """
    name, results = arguments.name, arguments.results
    if name == "fig9":
        yield Plot(name, "", "", errors_of_fig9(results), draw_fig9, WIDTHS["column"])
    elif name in SWEEPS:
        sweep = SWEEPS[name]
        table = scores_by_value(results, sweep, arguments.eval or sweep.protocol)
        yield Plot(name, "", "", table, partial(draw_sweep, sweep=sweep), WIDTHS["page"])
    else:
        yield from chosen_of_task(name, results, arguments)


def chosen_of_task(name: str, task: Path, arguments: argparse.Namespace) -> Iterator[Plot]:
    scores = listed(arguments.scores)
    check_scores(scores, task)
    wanted = f"{name}.{arguments.eval}" if arguments.eval else name
    plots = plots_of(task, samples_of(task), scores)
    found = [own for own in plots if own.name == wanted or own.name.startswith(f"{wanted}.")]
    if not found:
        raise UserError(f"{task}: {MISSING[name].format(task)}")
    yield from found


def check_scores(names: Sequence[str], task: Path) -> None:
    """Raises: UserError for names that no evaluation of a task has, or for too many."""
    files = read_scores(task.parent, task.name).values()
    known = {name for file in files for own in file.methods.values() for name in own["scores"]}
    for name in names:
        if name not in known:
            raise UserError(f"--scores {name}: not scored in {task}; {nearest(name, known)}")
    if len(names) > SHOWN:
        raise UserError(f"--scores {','.join(names)}: expected at most {SHOWN}")


def write_grid(arguments: argparse.Namespace) -> None:
    """Writes a grid, its list of samples and the LaTeX that includes it."""
    grid = read_grid(arguments)
    samples = choose(arguments.results, grid)
    drawing = rendered(draw_grid(samples, grid), arguments.format)
    place = arguments.results / "figures" / arguments.name
    file = f"{arguments.name}.{arguments.format}"
    latex = grid_latex.render(samples, file, wide=arguments.width == "page")
    place.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(place.with_name(file), drawing)
    write_atomically(place.with_name(f"{arguments.name}.tex"), latex.encode("utf-8"))
    table = samples.table.to_csv(index=False)
    write_atomically(place.with_name(f"{arguments.name}.csv"), table.encode("utf-8"))
    log.info("%s", place.with_name(file))


def read_grid(arguments: argparse.Namespace) -> Grid:
    if arguments.columns < 1:
        raise UserError(f"--columns {arguments.columns}: expected 1 or more")
    if Path(arguments.name).name != arguments.name:
        raise UserError(f"--name {arguments.name}: expected a file's name, without a folder")
    pairs = [name.partition("=") for name in listed(arguments.methods)]
    return Grid(
        methods={folder: label or folder for folder, _, label in pairs},
        prompts=arguments.prompt,
        seed=arguments.seed,
        crops=[Crop.read(text) for text in arguments.crop],
        arrows=[Arrow.read(text) for text in arguments.arrow],
        columns=arguments.columns,
        width=WIDTHS[arguments.width],
    )


def plots_parser() -> argparse.ArgumentParser:
    arguments = command.parser("synclab figures", __doc__)
    arguments.add_argument("name", choices=NAMES, metavar=f"{{{','.join([*NAMES, 'grid'])}}}")
    arguments.add_argument(
        "results", nargs="?", type=Path, default=Path("results"), metavar="results/RUN/TASK",
        help="of a paper's figure the folder of all results (results)",
    )  # fmt: skip
    arguments.add_argument("--eval", help="one protocol only")
    arguments.add_argument("--scores", help="up to three columns of an evaluation, NAME,NAME")
    arguments.add_argument("--format", default="svg", choices=["svg", "pdf", "png"])
    arguments.add_argument("--width", choices=list(WIDTHS), help="of a paper: 3.25 or 6.875 inches")
    return arguments


def grid_parser() -> argparse.ArgumentParser:
    arguments = command.parser("synclab figures grid", __doc__)
    arguments.add_argument("results", type=Path, metavar="results/RUN/TASK")
    arguments.add_argument("--methods", metavar="A,B=NAME", help="and their names; all by default")
    several: dict[str, Any] = {"action": "append", "default": []}
    parts = "in parts of the picture; may be repeated"
    arguments.add_argument("--prompt", **several, help="one of several rows; all by default")
    arguments.add_argument("--seed", type=int, help="the lowest of each prompt by default")
    arguments.add_argument(
        "--crop", **several, metavar='"LEFT TOP WIDTH HEIGHT"', help=f"a detail, {parts}"
    )
    arguments.add_argument(
        "--arrow", **several, metavar='"[METHOD] X Y"', help=f"to a place {parts}"
    )
    arguments.add_argument("--columns", type=int, default=4, help="methods in a line (4)")
    arguments.add_argument("--name", default="grid", help="of the files (grid)")
    arguments.add_argument("--format", default="pdf", choices=["pdf", "png", "svg"])
    arguments.add_argument(
        "--width", default="page", choices=list(WIDTHS), help="in a paper (page)"
    )
    return arguments


def main() -> int:
    if sys.argv[1:2] == ["grid"]:
        return command.main(grid_parser(), write_grid, sys.argv[2:])
    return command.main(plots_parser(), figures)


if __name__ == "__main__":
    sys.exit(main())
