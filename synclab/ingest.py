"""Imports outputs of other projects as samples, to be scored and tabled beside ours.

    python -m synclab.ingest mvdiffusion a/folder/of/outputs --run tiny-panfusion

The projects are run elsewhere; conf/baseline describes what each writes. If outputs do not record
their prompts, the folder needs a `manifest.csv` with the columns path,prompt,seed,seconds. Samples
go to `results/RUN/TASK/BASELINE/` like any others; finished ones are skipped. The exit code is 0 if
every output could be imported, else 1.
"""

import argparse
import logging
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tqdm import tqdm

from synclab import command
from synclab.baselines.outputs import Output, outputs
from synclab.config.prompts import sample_id
from synclab.config.schema import build
from synclab.config.settings import file_safe
from synclab.config.yaml_files import read_yaml
from synclab.core.hashing import config_hash, without_modules
from synclab.core.pictures import to_png
from synclab.errors import UserError, nearest
from synclab.places import CONF
from synclab.store.folder import Store

log = logging.getLogger(__name__)

FOLDER = CONF / "baseline"


def ingest(name: str, folder: Path, run: Path) -> None:
    """Imports all outputs of a baseline.

    Raises: UserError for bad input, and at the end if any output was refused.
    """
    body = read_baseline(name)
    baseline = build(body, f"baseline={name}")
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; expected the outputs of {baseline.project}")
    found = outputs(folder, baseline.prompt)
    identity = without_modules({"baseline": {"name": name, **body}})
    store = Store(run / baseline.task / name)
    store.open(identity)
    facts = {"prior": baseline.project, "config": identity, "hash": config_hash(identity)}
    refused = [
        line
        for one in tqdm(found, name, disable=None)
        if (line := take(one, baseline, store, facts))
    ]
    log.info("%s: imported %d of %d outputs", store.folder, len(found) - len(refused), len(found))
    if refused:
        raise UserError(f"{len(refused)} of {len(found)} outputs refused, first {refused[0]}")


def take(output: Output, baseline: Any, store: Store, facts: Mapping[str, Any]) -> str | None:
    """Imports one output unless it is done; returns the reason if it was refused."""
    name = sample_id(output.prompt, output.seed)
    if store.done(name):
        return None
    try:
        made = baseline.make(output)
    except UserError as error:
        return str(error)
    store.write(name, to_png(made.image), {**facts, **describe(name, output), **made.facts})
    return None


def describe(name: str, output: Output) -> dict[str, Any]:
    seconds = {} if output.seconds is None else {"seconds": {"total": output.seconds}}
    return {"id": name, "prompt": output.prompt, "seed": output.seed, **seconds}


def read_baseline(name: str) -> dict[str, Any]:
    path = FOLDER / f"{name}.yaml"
    if not path.is_file():
        choices = [path.stem for path in FOLDER.glob("*.yaml")]
        raise UserError(f"baseline {name}: no such baseline; {nearest(name, choices)}")
    return read_yaml(path)


def take_over(arguments: argparse.Namespace) -> None:
    """Imports a folder of outputs into a run."""
    run = arguments.results / file_safe(arguments.run)
    ingest(arguments.baseline, arguments.folder, run)


def main() -> int:
    arguments = command.parser("synclab ingest", __doc__)
    arguments.add_argument("baseline", metavar="BASELINE", help="a name of conf/baseline")
    arguments.add_argument("folder", type=Path, metavar="FOLDER")
    arguments.add_argument("--run", required=True, help="the run to compare it with")
    arguments.add_argument("--results", type=Path, default=Path("results"))
    return command.main(arguments, take_over)


if __name__ == "__main__":
    sys.exit(main())
