"""Draws plots of finished samples, with their numbers as CSV beside them.

    synclab figures scores results/demo/panorama     # bars with errors, after synclab evaluate
    synclab figures costs results/demo/panorama --scores fid,clip_embedded
    synclab figures seconds results/demo/panorama
    synclab figures previews results/tiny/wide       # of runs with previews=5
    synclab figures errors results/tiny/inpainting
    synclab figures fig9                             # after synclab run experiment=fig9
    synclab figures fig10 --eval embedded            # after experiment=fig10 and synclab evaluate

scores, costs: of an evaluation, the costs with the Pareto front; seconds: by part of the program;
previews: how fast they approach the final picture; errors: of the known region against t. fig9 and
fig10 are StochSync's. The files go to RESULTS/figures/, as SVG, PDF or PNG.
"""

import argparse
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

from synclab import command
from synclab.config.overrides import listed
from synclab.core.atomic import write_atomically
from synclab.errors import UserError
from synclab.viewers.drawing import WIDTHS, rendered
from synclab.viewers.figures import draw_fig9, draw_fig10, errors_of_fig9, scores_by_steps
from synclab.viewers.measurements import samples_of
from synclab.viewers.plots import MEASURED, Plot, plots_of

log = logging.getLogger(__name__)

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
    elif name == "fig10":
        table = scores_by_steps(results, arguments.eval or "embedded")
        yield Plot(name, "", "", table, draw_fig10, WIDTHS["page"])
    else:
        yield from of_task(name, results, arguments)


def of_task(name: str, task: Path, arguments: argparse.Namespace) -> Iterator[Plot]:
    wanted = f"{name}.{arguments.eval}" if arguments.eval else name
    plots = plots_of(task, samples_of(task), listed(arguments.scores))
    found = [own for own in plots if own.name == wanted or own.name.startswith(f"{wanted}.")]
    if not found:
        raise UserError(f"{task}: {MISSING[name].format(task)}")
    yield from found


def main() -> int:
    arguments = command.parser("synclab figures", __doc__)
    arguments.add_argument("name", choices=["scores", "costs", *MEASURED, "fig9", "fig10"])
    arguments.add_argument(
        "results", nargs="?", type=Path, default=Path("results"), metavar="results/RUN/TASK",
        help="of fig9 and fig10 the folder of all results (results)",
    )  # fmt: skip
    arguments.add_argument("--eval", help="one protocol only")
    arguments.add_argument("--scores", help="up to three columns of an evaluation, NAME,NAME")
    arguments.add_argument("--format", default="svg", choices=["svg", "pdf", "png"])
    arguments.add_argument("--width", choices=list(WIDTHS), help="of a paper: 3.25 or 6.875 inches")
    return command.main(arguments, figures)


if __name__ == "__main__":
    sys.exit(main())
