"""Sweeps on a real Slurm, private and of a single node; the samples are those of a plain sweep."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import command_line
import pytest
import slurm_node
from command_line import QUICK, ROOT, images, rows

from synclab.config.prompts import sample_id
from synclab.store.claims import Claims
from synclab.store.progress import progress

pytest.importorskip("submitit", reason="pip install -e '.[slurm]'")

pytestmark = [
    pytest.mark.slurm,
    pytest.mark.skipif(
        bool(slurm_node.missing()),
        reason=f"apt-get install slurm-wlm munge ({', '.join(slurm_node.missing())} missing)",
    ),
]

SLURM = (
    "hydra/launcher=slurm",
    "hydra.launcher.sbatch.gpus_per_node=null",
    "hydra.launcher.sbatch.cpus_per_task=1",
)
SIX = ("-m", "method=ddim,stochsync", "shard=1/3,2/3,3/3", "method.guidance=2")


@pytest.fixture(scope="module")
def slurm(tmp_path_factory) -> Iterator[dict[str, str]]:
    with slurm_node.running(tmp_path_factory.mktemp("slurm")) as environment:
        yield environment


@pytest.fixture
def prompts(tmp_path) -> str:
    path = tmp_path / "set.txt"
    path.write_text("\n".join(f"prompt {number}" for number in range(6)))
    return f"prompts={path}"


def start(slurm: dict[str, str], *command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=os.environ | slurm | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def sweep(slurm: dict[str, str], *arguments: str) -> command_line.Answer:
    process = start(slurm, "-m", "synclab.run", *QUICK, *SLURM, *arguments)
    out, err = process.communicate(timeout=500)
    return command_line.Answer(process.returncode, out, err)


def wait_for(moment: Callable[[], object]) -> None:
    deadline = time.monotonic() + 240
    while not moment():
        assert time.monotonic() < deadline, "the moment did not come"
        time.sleep(0.1)


def job_number(results: Path) -> str:
    """Of the one submission below a results folder."""
    (script,) = results.glob(".hydra/slurm/*/*_submission.sh")
    return script.parent.name


def samples(results: Path) -> list[Path]:
    return list(results.glob("exact/*/*/*-s0.json"))


def test_six_tasks_of_which_one_is_cancelled_and_resubmission_finishes(slurm, prompts, tmp_path):
    """While the first waits in the queue, the last of the six is cancelled."""
    arguments = (*SIX, prompts, f"results={tmp_path}/queue")
    process = start(slurm, "-m", "synclab.run", *QUICK, *SLURM, *arguments)
    results = tmp_path / "queue"
    wait_for(lambda: list(results.glob(".hydra/slurm/*/*_submission.sh")))
    slurm_node.ask(slurm, "scancel", f"{job_number(results)}_5")
    _, err = process.communicate(timeout=500)
    assert process.returncode == 1
    *_, last = err.splitlines()
    assert re.search(r"synclab: .*shard=.?3/3.* job \d+_5 ended without a result: cancelled", last)
    assert len(samples(results)) == 10
    assert progress(results / "exact" / "image" / "stochsync").missing == 2
    again = sweep(slurm, *arguments)
    assert again.code == 0, again.err
    plain = command_line.run(*QUICK, *SIX, prompts, f"results={tmp_path}/plain")
    assert plain.code == 0, plain.err
    assert images(results) == images(tmp_path / "plain")
    assert rows(results) == rows(tmp_path / "plain")


def test_a_failed_job_is_told_by_all(slurm, tmp_path):
    arguments = ("-m", "method=ddim,multidiffusion", "task.canonical=rgb", f"results={tmp_path}")
    answer = sweep(slurm, *arguments)
    assert answer.code == 1
    *_, last = answer.err.splitlines()
    assert last.startswith("synclab: image/multidiffusion: task.canonical=rgb: ")
    assert "task.canonical=rgb" in progress(tmp_path / "exact/image/multidiffusion").error
    show = ("scontrol", "show", "job", f"{job_number(tmp_path)}_1")
    wait_for(lambda: "JobState=FAILED" in slurm_node.ask(slurm, *show))
    assert len(samples(tmp_path)) == 1


def test_a_job_that_runs_out_of_time_goes_on_after_requeue(slurm, prompts, tmp_path):
    """Its first life, half a minute to a minute, waits for a sample that we hold till the second.

    Slurm looks at the time every 30 s, and signals at the last look before less than that is left.
    """
    results = tmp_path / "queue"
    folder = results / "exact/image/ddim"
    folder.mkdir(parents=True)
    with Claims(folder) as claims:
        assert claims.take(sample_id("prompt 5", seed=0))
        process = start(
            slurm, "-m", "synclab.run", *QUICK, *SLURM, "-m", prompts, f"results={results}",
            "hydra.launcher.sbatch.time=1", "hydra.launcher.sbatch.signal_delay_s=1",
        )  # fmt: skip
        log = folder / "run.log"
        wait_for(lambda: log.exists() and log.read_text().count(" samples to do") >= 2)
    slurm_node.ask(slurm, "scontrol", "update", f"JobId={job_number(results)}", "TimeLimit=20")
    _, err = process.communicate(timeout=500)
    assert process.returncode == 0, err
    lives = log.read_text().split(" samples to do")
    assert [life.count(": done in ") for life in lives] == [0, 5, 1]
    assert len(samples(results)) == 6
    assert not list(folder.glob(".*"))


def test_submit_and_leave(slurm, tmp_path):
    script = start(slurm, "scripts/submit.py", *QUICK, *SLURM[1:], f"results={tmp_path}")
    _, err = script.communicate(timeout=120)
    assert script.returncode == 0, err
    assert "python -m synclab.status" in err
    wait_for(lambda: samples(tmp_path))


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("+hydra.launcher.sbatch.colour=red", "hydra.launcher.sbatch.colour: no such key; "),
        ("hydra.launcher.sbatch.partition=nowhere", "hydra.launcher.sbatch: refused ("),
    ],
)
def test_an_option_that_is_refused_is_told_in_one_line(slurm, tmp_path, key, line):
    answer = sweep(slurm, "-m", "method=ddim", f"results={tmp_path}", key)
    assert answer.code == 1
    *_, last = answer.err.splitlines()
    assert last.startswith(f"synclab: {line}")
    assert "colour" in last or "invalid partition specified: nowhere" in last
