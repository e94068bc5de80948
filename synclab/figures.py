"""Draws figures of the papers from finished samples, with their numbers as CSV beside them.

    synclab figures fig9                        # after synclab run experiment=fig9
    synclab figures fig10 --eval embedded       # after experiment=fig10 and synclab evaluate
    synclab figures fig9 --results elsewhere --format pdf

fig9: StochSync's error of the known region against t; fig10: the scores of images against the
number of steps under maximum stochasticity. Both write results/figures/NAME.csv and .svg (or .pdf,
.png).
"""

import argparse
import logging
import sys
from pathlib import Path

from synclab import command
from synclab.core.atomic import write_atomically
from synclab.viewers.figures import (
    draw_fig9,
    draw_fig10,
    errors_by_time,
    rendered,
    scores_by_steps,
)

log = logging.getLogger(__name__)


def figures(arguments: argparse.Namespace) -> None:
    """Writes the table and the drawing of one figure."""
    if arguments.name == "fig9":
        table = errors_by_time(arguments.results)
        drawing = draw_fig9(table)
    else:
        table = scores_by_steps(arguments.results, arguments.eval)
        drawing = draw_fig10(table)
    place = arguments.results / "figures" / arguments.name
    place.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(place.with_suffix(".csv"), table.to_csv(index=False).encode())
    write_atomically(place.with_suffix(f".{arguments.format}"), rendered(drawing, arguments.format))
    log.info("%s.%s", place, arguments.format)


def main() -> int:
    arguments = command.parser("synclab figures", __doc__)
    arguments.add_argument("name", choices=["fig9", "fig10"])
    arguments.add_argument("--results", type=Path, default=Path("results"))
    arguments.add_argument("--eval", default="embedded", help="the protocol of fig10's scores")
    arguments.add_argument("--format", default="svg", choices=["svg", "pdf", "png"])
    return command.main(arguments, figures)


if __name__ == "__main__":
    sys.exit(main())
