"""Why a cell is empty, and the command that fills it."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from synclab.command import CONF
from synclab.comparison.layout import Layout
from synclab.comparison.scores import Samples, Scores


@dataclass(frozen=True)
class Gap:
    """One line under the table."""

    reason: str
    command: str | None = None


def of_row(row: str, layout: Layout, scores: Scores, common: Samples) -> Gap | None:
    """Why a row's method cannot stand beside the others, None where it can."""
    method, name = layout.methods.get(row), layout.call(row)
    if method is None:
        return Gap(f"{name}: none of our methods")
    if method not in scores.methods:
        return Gap(f"{name}: no scores", command(method, layout, scores, common))
    own = scores.samples(method)
    if own != common:
        reason = f"{name}: scored on {len(own)} samples, not the {len(common)} of this table"
        return Gap(reason, command(method, layout, scores, common))
    return None


def of_score(row: str, column: str, layout: Layout, scores: Scores) -> Gap | None:
    """Why a scored row lacks a column's number, None where it is there."""
    protocol, method = scores.protocol["name"], layout.methods[row]
    score = layout.score(column, protocol)
    entry = scores.entry(method, score) if score else None
    if entry is None:
        return Gap(f"{column}: eval={protocol} does not ask for it")
    if entry["value"] is None:
        return Gap(
            f"{layout.call(row)}: no {column}: {entry.get('reason', 'its samples do not tell')}"
        )
    return None


def command(method: str, layout: Layout, scores: Scores, common: Samples) -> str | None:
    """What makes a method's samples just like those of its neighbours; None where nothing can."""
    run = scores.folder.parent
    if exists("baseline", method):
        place = [] if str(run.parent) == "results" else ["--results", str(run.parent)]
        words = ["synclab.ingest", method, "FOLDER", "--run", run.name, *place]
    elif exists("method", method) and exists("task", layout.task):
        place = [] if str(run.parent) == "results" else [f"results={run.parent}"]
        words = ["synclab.run", *asked(method, layout, scores, common), f"run={run.name}", *place]
    else:
        return None
    return shlex.join(["python", "-m", *words])


def exists(group: str, name: str) -> bool:
    return (CONF / group / f"{name}.yaml").is_file()


def asked(method: str, layout: Layout, scores: Scores, common: Samples) -> list[str]:
    """The keys of `synclab.run` for a method: its experiment's, or the neighbours'."""
    experiment = planned(method, scores.folder.parent.name)
    if experiment:
        return [f"experiment={experiment}", f"method={method}"]
    row = scores.asked(common)
    keys = settings(row, layout) if row else [f"experiment={layout.name}"]
    seeds = sorted({sample.rpartition("-s")[2] for sample in common}, key=int)
    sweep = ["-m"] if len(seeds) > 1 else []
    return [*sweep, f"method={method}", *keys, f"seed={','.join(seeds)}"]


def planned(method: str, run: str) -> str | None:
    """The experiment that sweeps a method into a run of this name."""
    for path in sorted((CONF / "experiment").glob("*.yaml")):
        body = yaml.safe_load(path.read_text(encoding="utf-8"))
        sweep = body.get("hydra", {}).get("sweeper", {}).get("params", {})
        if body.get("run") == run and method in str(sweep.get("method")).split(","):
            return path.stem
    return None


def settings(row: Mapping[str, Any], layout: Layout) -> list[str]:
    """The keys of `synclab.run` that a row was made with."""
    prompts = f"prompts={row['prompts']}" if row["prompts"] else f"prompt={row['prompt']}"
    preset = [] if row["preset"] == "fixed" else [f"preset={row['preset']}"]
    return [f"task={layout.task}", f"prior={row['prior']}", *preset, prompts]


def again(layout: Layout, scores: Scores) -> str:
    """What is to be said after the gaps' commands."""
    run, protocol = scores.folder.parent, scores.protocol["name"]
    judge = f"python -m synclab.evaluate {scores.folder} eval={protocol}"
    return f"{judge} && python -m synclab.tables {run} tables={layout.name} eval={protocol}"
