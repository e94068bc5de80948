"""Makes the papers' tables with our numbers beside the published: Markdown, LaTeX, HTML, CSV.

    synclab tables
    synclab tables results/tiny tables=table1,table2 eval=embedded
    synclab tables results/tiny tables.extra=ddim,mymethod    # further rows below the paper's
    synclab tables results/tiny tables.plain=true             # for a paper: our numbers only

Reads the scores that `synclab evaluate` wrote and writes to `results/RUN/tables/`. By default it
makes the tables whose prompts the run used, of all runs in `results`. Each protocol has separate
tables. `NAME.orders.md` lists for every two rows whether the paper's order holds here.

The exit code is 0 if all requested tables could be made, else 1.
"""

import argparse
import logging
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from synclab import command
from synclab.comparison import html, latex, markdown, order_list, records
from synclab.comparison.layout import read_layouts
from synclab.comparison.pairing import Pairing
from synclab.comparison.published import find
from synclab.comparison.scores import ScoreFile
from synclab.comparison.selection import FOLDER, choose, own
from synclab.comparison.table import Table, build
from synclab.config.overrides import listed
from synclab.core.atomic import write_atomically
from synclab.errors import UserError, nearest

log = logging.getLogger(__name__)

FORMATS = {
    "md": markdown.render,
    "tex": latex.render,
    "html": html.render,
    "csv": records.render,
    "orders.md": order_list.render,
}


def scored_runs(results: Path) -> list[Path]:
    """All runs that were evaluated."""
    runs = sorted({path.parent.parent for path in results.glob("*/*/scores.*.json")})
    if not runs:
        raise UserError(
            f"{results}: no scores in it; run python -m synclab.evaluate {results}/RUN/TASK first"
        )
    return runs


@dataclass(frozen=True)
class Wanted:
    """The requested tables.

    Args:
        names: names in conf/tables.yaml; empty for the tables whose prompts the run used.
        protocol: None for all protocols with scores.
        extra: methods with rows below the paper's.
        plain: see `Pairing`.
    """

    names: Sequence[str] = ()
    protocol: str | None = None
    extra: Sequence[str] = ()
    plain: bool = False


def make_tables(run: Path, asked: Wanted) -> Iterator[str]:
    """Writes a run's tables; yields a line for each that could not be made."""
    layouts = {name: each.with_rows(asked.extra) for name, each in read_layouts().items()}
    wanted = [find(layouts, name, "tables") for name in asked.names] or own(layouts.values(), run)
    if not wanted:
        yield (
            f"{run}: no scores on a paper's prompts; run python -m synclab.evaluate {run}/TASK, or"
            f" name the tables: tables={','.join(layouts)}"
        )
    for layout in wanted:
        try:
            for scores in choose(layout, run, asked.protocol):
                check_extra(asked.extra, scores)
                write(build(Pairing(layout, scores, asked.plain)), run / FOLDER)
        except UserError as error:
            yield str(error)


def check_extra(names: Sequence[str], scores: ScoreFile) -> None:
    """Refuses extra rows of methods that were not scored."""
    for name in names:
        if name not in scores.methods:
            raise UserError(
                f"tables.extra={name}: not scored in {scores.path};"
                f" {nearest(name, scores.methods)}, or run and evaluate it first"
            )


def write(table: Table, folder: Path) -> None:
    """Logs the table and writes it in every format."""
    made = {suffix: render(table) for suffix, render in FORMATS.items()}
    texts = {suffix: text for suffix, text in made.items() if text}
    folder.mkdir(parents=True, exist_ok=True)
    log.info("%s", texts["md"])
    for suffix, text in texts.items():
        kind = "plain." if table.pairing.plain else ""
        path = folder / f"{table.name}.{table.pairing.protocol}.{kind}{suffix}"
        write_atomically(path, text.encode())
        log.info("%s", path)


def make(arguments: argparse.Namespace) -> int:
    """Writes all requested tables; reports each that could not be made."""
    plain = find({"true": True, "false": False}, arguments.plain, "tables.plain")
    asked = Wanted(listed(arguments.tables), arguments.eval, listed(arguments.extra), plain)
    runs = arguments.runs or scored_runs(Path("results"))
    failed = [line for run in runs for line in make_tables(run, asked)]
    return max(map(command.complain, failed), default=0)


def main() -> int:
    arguments = command.parser("synclab tables", __doc__)
    arguments.add_argument("runs", nargs="*", type=Path, metavar="results/RUN")
    arguments.add_argument("--tables", help="names from conf/tables.yaml, also tables=NAME,NAME")
    arguments.add_argument("--eval", help="one protocol only, also eval=NAME")
    arguments.add_argument("--extra", help="methods with rows of their own, tables.extra=NAME,NAME")
    arguments.add_argument("--plain", default="false", help="our numbers only, tables.plain=true")
    words = [
        re.sub(r"^(?:tables\.(?=extra|plain))?(tables|eval|extra|plain)=", r"--\1=", word)
        for word in sys.argv[1:]
    ]
    return command.main(arguments, make, words)


if __name__ == "__main__":
    sys.exit(main())
