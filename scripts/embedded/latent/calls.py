"""StochSync's quality against network evaluations: how few calls of the network G can do with.

The teacher's G is DPM-Solver++ under guidance, the student's is consistency sampling without. Every
point is a run of its own, scored against the true world by the embedded judge.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from synclab.store.pictures import read_pictures

METHODS = {"teacher": "stochsync", "student": "stochsync_turbo"}
CALLS = {"teacher": (25, 10, 4, 2, 1), "student": (4, 2, 1)}
PROTOCOL = "embedded_world"
SCORE = "fid"


@dataclass(frozen=True)
class Point:
    """One run: whose network, how many calls of it at the noisiest time, and what came of it."""

    who: str
    calls: int
    evaluations: float
    score: float
    error: float


def words(who: str, calls: int, lora: Path) -> list[str]:
    """The choices of a run: the teacher is `tiny` itself, the student `tiny` with a LoRA."""
    if who == "student":
        return ["prior=tiny_fast", f"prior.lora={lora}", f"method.ode_steps={calls}"]
    # The last point of an ODE's grid is clean data, where the network is not called.
    return ["prior=tiny", f"method.ode_steps={calls + 1}"]


def make(folder: Path, who: str, calls: int, lora: Path, prompts: str) -> Path:
    """Runs and scores the panoramas of one point; what is finished is not made again."""
    run = folder / f"{who}_{calls}"
    choices = [f"method={METHODS[who]}", "task=panorama", *words(who, calls, lora)]
    choices += [f"prompts={prompts}", f"results={folder}", f"run={run.name}"]
    for command in (["run", *choices], ["evaluate", str(run / "panorama"), f"eval={PROTOCOL}"]):
        subprocess.run([sys.executable, "-m", f"synclab.{command[0]}", *command[1:]], check=True)
    return run / "panorama"


def read(task: Path, who: str, calls: int) -> Point:
    """The score of a run, and the mean number of network evaluations of its samples."""
    method = METHODS[who]
    scores = json.loads((task / f"scores.{PROTOCOL}.json").read_text(encoding="utf-8"))
    entry = scores["methods"][method]["scores"][SCORE]
    found = [picture.row["nfe"] for picture in read_pictures(task / method)]
    evaluations = sum(found) / len(found)
    return Point(who, calls, evaluations, entry["value"], entry["error"] or 0.0)


def points(folder: Path, lora: Path, prompts: str) -> Iterator[Point]:
    """Every point of teacher and student."""
    pairs = [(who, calls) for who, own in CALLS.items() for calls in own]
    for who, calls in tqdm(pairs, "points", disable=None):
        yield read(make(folder, who, calls, lora, prompts), who, calls)


def plot(found: list[Point], file: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for who in dict.fromkeys(point.who for point in found):
        own = [point for point in found if point.who == who]
        across, up = [p.evaluations for p in own], [p.score for p in own]
        axes.errorbar(across, up, [p.error for p in own], marker="o", capsize=3, label=who)
        for point in own:
            axes.annotate(
                str(point.calls),
                (point.evaluations, point.score),
                (4, 4),
                textcoords="offset points",
            )
    axes.set(
        xscale="log", xlabel="network evaluations of a panorama", ylabel="FID, judge, to the world"
    )
    axes.legend(title="calls of G at the noisiest time")
    figure.savefig(file, dpi=150)


def plot_calls(folder: Path, lora: Path, prompts: str) -> None:
    """Makes, scores and plots all points: `folder`/calls.png."""
    plot(list(points(folder, lora, prompts)), folder / "calls.png")
