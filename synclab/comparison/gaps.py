"""Notes on empty cells: the reason, and the command that fills them."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from synclab.comparison.pairing import Pairing
from synclab.config.yaml_files import read_yaml
from synclab.places import CONF


@dataclass(frozen=True)
class Gap:
    """The reason for an empty cell, and the command that fills it, if there is one."""

    reason: str
    command: str | None = None


def of_row(row: str, pairing: Pairing) -> Gap | None:
    """The gap of a whole row; None if its method was scored on the table's samples."""
    method, name = pairing.layout.methods.get(row), pairing.layout.call(row)
    if method is None:
        return Gap(f"{name}: not among our methods")
    if method in pairing.shown:
        return None
    own = len(pairing.scores.samples(method))
    other = f"scored on {own} samples, not on the {len(pairing.common)} of this table"
    return Gap(f"{name}: {other if own else 'no scores'}", command(method, pairing))


def of_score(row: str, column: str, pairing: Pairing) -> Gap | None:
    """The gap of one cell in a scored row; None if the score exists."""
    score = pairing.score(column)
    entry = pairing.scores.entry(pairing.layout.methods[row], score) if score else None
    if entry is None:
        return Gap(f"{column}: not part of eval={pairing.protocol}")
    if entry["value"] is None:
        reason = entry.get("reason", "its samples do not record it")
        return Gap(f"{pairing.layout.call(row)}: no {column}: {reason}")
    return None


def command(method: str, pairing: Pairing) -> str | None:
    """The command that generates a method's samples with the settings of the other rows, if any."""
    run, elsewhere = pairing.run, str(pairing.run.parent) != "results"
    if exists("baseline", method):
        place = ["--results", str(run.parent)] if elsewhere else []
        words = ["synclab.ingest", method, "FOLDER", "--run", run.name, *place]
    elif exists("method", method) and exists("task", pairing.layout.task):
        place = [f"results={run.parent}"] if elsewhere else []
        words = ["synclab.run", *asked(method, pairing), f"run={run.name}", *place]
    else:
        return None
    return shlex.join(["python", "-m", *words])


def exists(group: str, name: str) -> bool:
    return (CONF / group / f"{name}.yaml").is_file()


def asked(method: str, pairing: Pairing) -> list[str]:
    """The keys of `synclab.run` for a method: its experiment's, or those of the other rows."""
    if experiment := planned(method, pairing.run.name):
        return [f"experiment={experiment}", f"method={method}"]
    row, name = pairing.asked, pairing.layout.name
    keys = settings(row, pairing.layout.task) if row else [f"experiment={name}"]
    seeds = sorted({sample.rpartition("-s")[2] for sample in pairing.common}, key=int)
    sweep = ["-m"] if len(seeds) > 1 else []
    return [*sweep, f"method={method}", *keys, f"seed={','.join(seeds)}"]


def planned(method: str, run: str) -> str | None:
    """The experiment whose sweep includes a method and whose run has this name."""
    for name, body in experiments().items():
        sweep = body.get("hydra", {}).get("sweeper", {}).get("params", {})
        if body.get("run") == run and method in str(sweep.get("method")).split(","):
            return name
    return None


@cache
def experiments() -> dict[str, dict[str, Any]]:
    """Every file of conf/experiment by its name; read once, since every empty row asks."""
    files = sorted((CONF / "experiment").glob("*.yaml"))
    return {path.stem: read_yaml(path) for path in files}


def settings(row: Mapping[str, Any], task: str) -> list[str]:
    """The keys that a row was made with."""
    prompts = f"prompts={row['prompts']}" if row["prompts"] else f"prompt={row['prompt']}"
    preset = [] if row["preset"] == "fixed" else [f"preset={row['preset']}"]
    return [f"task={task}", f"prior={row['prior']}", *preset, prompts]


def again(pairing: Pairing) -> str:
    """The note below the commands that fill the gaps."""
    judge = f"python -m synclab.evaluate {pairing.scores.folder} eval={pairing.protocol}"
    tables = f"python -m synclab.tables {pairing.run} tables={pairing.layout.name}"
    return f"{judge} && {tables} eval={pairing.protocol}"
