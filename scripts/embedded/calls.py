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

CALLS = (25, 10, 4, 2, 1)
METHODS = {"teacher": "stochsync", "student": "stochsync_turbo"}
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


def make(folder: Path, who: str, prior: Path, calls: int, prompts: str) -> Path:
    """Runs and scores the panoramas of one point; what is finished is not made again."""
    run = folder / f"{who}_{calls}"
    points = calls + (who == "teacher")  # the last point of an ODE's grid is clean and is not asked
    words = [f"method={METHODS[who]}", f"method.ode_steps={points}", f"prior.path={prior}"]
    words += ["task=panorama", f"prompts={prompts}", f"results={folder}", f"run={run.name}"]
    words += ["method.guidance=1"] if who == "student" else []
    for command in (["run", *words], ["evaluate", str(run / "panorama"), f"eval={PROTOCOL}"]):
        subprocess.run([sys.executable, "-m", f"synclab.{command[0]}", *command[1:]], check=True)
    return run / "panorama"


def read(task: Path, who: str, calls: int) -> Point:
    """The score of a run, and the mean number of network evaluations of its samples."""
    method = METHODS[who]
    scores = json.loads((task / f"scores.{PROTOCOL}.json").read_text(encoding="utf-8"))
    entry = scores["methods"][method]["scores"][SCORE]
    rows = [json.loads(row.read_text(encoding="utf-8")) for row in (task / method).glob("*.json")]
    evaluations = sum(row["nfe"] for row in rows) / len(rows)
    return Point(who, calls, evaluations, entry["value"], entry["error"] or 0.0)


def points(folder: Path, priors: dict[str, Path], prompts: str) -> Iterator[Point]:
    """Every point of teacher and student; a folder of weights for each."""
    pairs = [(who, calls) for who in priors for calls in CALLS]
    for who, calls in tqdm(pairs, "points", disable=None):
        yield read(make(folder, who, priors[who], calls, prompts), who, calls)


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


def plot_calls(folder: Path, priors: dict[str, Path], prompts: str) -> None:
    """Makes, scores and plots all points: `folder`/calls.png."""
    plot(list(points(folder, priors, prompts)), folder / "calls.png")
