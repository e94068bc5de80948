"""Sweeps: what fails does not end the rest, shards and batches change nothing, all is told."""

import contextlib
import fcntl
import json
import logging
import os
import pty
import re
import shutil
import struct
import sys
import termios
from pathlib import Path
from typing import Any

import command_line
import pytest
import torch
from bench.store import fill
from command_line import QUICK, images, rows
from torch import Tensor

from synclab import status, verify
from synclab.core.protocols import Cond, Denoiser
from synclab.jobs.batching import Batcher, Done
from synclab.jobs.session import load_prior
from synclab.methods.ddim import DDIM
from synclab.priors.exact import Gaussian
from synclab.store.journal import read_status
from synclab.store.progress import progress

PROMPTS = ("one", "two", "three", "four", "five")
SWEEP = (*QUICK, "-m", "method=ddim,sds")
ALONE = (*QUICK, "method=stochsync", "method.ode_steps=2")


@pytest.fixture(scope="module")
def prompts(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("prompts") / "set.txt"
    path.write_text("\n".join(PROMPTS))
    return f"prompts={path}"


@pytest.fixture
def results(tmp_path) -> Path:
    return tmp_path / "results"


@pytest.fixture(scope="module")
def finished(prompts, tmp_path_factory) -> Path:
    """A folder with the sweep and one with a single method, made one sample after the other."""
    folder = tmp_path_factory.mktemp("finished")
    for name, command in (("together", SWEEP), ("alone", ALONE)):
        answer = command_line.run(*command, prompts, f"results={folder}/{name}")
        assert answer.code == 0, answer.err
    return folder


@pytest.fixture
def together(finished, tmp_path) -> Path:
    """A copy of the finished sweep."""
    return shutil.copytree(finished / "together", tmp_path / "together")


@pytest.fixture
def alone(finished, tmp_path) -> Path:
    """A copy of the finished single method."""
    return shutil.copytree(finished / "alone", tmp_path / "alone")


def method_folder(results: Path, method: str) -> Path:
    return results / "exact" / "image" / method


# Failures


@pytest.fixture
def broken(monkeypatch):
    """DDIM fails for the prompt "two"."""
    draw = DDIM.__call__

    def fail(self: Any, prior: Any, space: Any, cond: Any, rng: Any) -> Any:
        if "two" in rng.key:
            raise ZeroDivisionError("of all things")
        return draw(self, prior, space, cond, rng)

    monkeypatch.setattr(DDIM, "__call__", fail)


@pytest.mark.parametrize("batch", [1, 3])
def test_a_failing_sample_ends_neither_its_job_nor_the_sweep(broken, prompts, results, batch):
    answer = command_line.run(*SWEEP, prompts, f"results={results}", f"samples_per_batch={batch}")
    assert answer.code == 1
    *_, last = answer.err.splitlines()
    assert last.startswith("synclab: image/ddim: 1 of 5 samples failed, first two-")
    assert "ZeroDivisionError: of all things" in last
    assert len(images(results)) == 9
    failures = read_status(method_folder(results, "ddim"))["failures"]
    (failure,) = failures.values()
    assert "in fail" in failure["traceback"]
    assert "in fail" in (method_folder(results, "ddim") / "run.log").read_text()


def test_what_failed_is_done_once_it_can_be(prompts, results, together, request):
    request.getfixturevalue("broken")
    assert command_line.run(*SWEEP, prompts, f"results={results}").code == 1
    request.getfixturevalue("monkeypatch").undo()
    assert command_line.run(*SWEEP, prompts, f"results={results}").code == 0
    assert images(results) == images(together)
    assert read_status(method_folder(results, "ddim"))["failures"] == {}


def test_a_failing_job_does_not_end_the_sweep(prompts, results):
    answer = command_line.run(
        *QUICK, "-m", "method=ddim,multidiffusion,sds", "task.canonical=rgb", prompts,
        f"results={results}",
    )  # fmt: skip
    assert answer.code == 1
    *_, last = answer.err.splitlines()
    assert last.startswith("synclab: image/multidiffusion: task.canonical=rgb: ")
    assert len(images(results)) == 10
    line = progress(method_folder(results, "multidiffusion"))
    assert (line.done, line.missing) == (0, 5)
    assert line.error.startswith("job: task.canonical=rgb: ")


def test_a_lone_failure_shows_its_traceback(broken, results):
    with pytest.raises(ZeroDivisionError):
        command_line.run(*QUICK, "prompt=two", f"results={results}")
    assert read_status(method_folder(results, "ddim"))["failures"]


# Shards and batches


@pytest.mark.parametrize("count", [1, 3, 6])
def test_shards_are_disjoint_and_add_up(prompts, results, alone, count):
    seen: dict[str, bytes] = {}
    for index in range(1, count + 1):
        folder = results / str(index)
        answer = command_line.run(*ALONE, prompts, f"shard={index}/{count}", f"results={folder}")
        assert answer.code == 0, answer.err
        assert not seen.keys() & images(folder).keys()
        seen |= images(folder)
    assert seen == images(alone)


def test_shards_can_be_swept(prompts, results, together):
    assert command_line.run(*SWEEP, prompts, "shard=1/2,2/2", f"results={results}").code == 0
    assert images(results) == images(together)
    assert rows(results) == rows(together)


@pytest.mark.parametrize(("prior", "size"), [("gaussian", 2), ("mixture", 64)])
def test_batches_change_no_sample(prompts, results, size, prior):
    arguments = (*ALONE, prompts)
    target = f"prior._target_=synclab.priors.exact.{prior.title()}"
    keys = ("~prior.mean",) if prior == "mixture" else ()
    folders = [results / "one", results / "many"]
    for folder, together in zip(folders, (1, size), strict=True):
        place = (f"results={folder}", f"samples_per_batch={together}")
        answer = command_line.run(*arguments, target, *keys, *place)
        assert answer.code == 0, answer.err
    one, many = map(rows, folders)
    for row in one.values():
        assert row.pop("samples_per_batch") == 1
    assert {row.pop("samples_per_batch") for row in many.values()} <= {size, len(PROMPTS) % size, 5}
    assert many == one
    assert images(folders[1]) == images(folders[0])


def test_samples_pass_the_network_together(prompts, results, monkeypatch):
    sizes: list[int] = []
    mean = Gaussian.posterior_mean

    def count(self: Any, x: Tensor, a: float) -> Tensor:
        sizes.append(len(x))
        return mean(self, x, a)

    monkeypatch.setattr(Gaussian, "posterior_mean", count)
    load_prior.cache_clear()
    answer = command_line.run(*QUICK, prompts, f"results={results}", "samples_per_batch=3")
    assert answer.code == 0, answer.err
    assert sizes == [3, 3, 2, 2]
    assert {row["nfe"] for row in rows(results).values()} == {2}


class Cramped(Gaussian):
    """A prior that holds three views at most."""

    def predict(self, x: Tensor, t: int, cond: Cond, guidance: float) -> Tensor:
        if len(x) > 3:
            raise torch.OutOfMemoryError
        return super().predict(x, t, cond, guidance)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_batch_that_does_not_fit_is_split(count, caplog):
    x = torch.randn(4, 2, 8, 8, generator=torch.Generator().manual_seed(0))
    cond = Gaussian().embed("")

    def ask(prior: Denoiser) -> list[Tensor]:
        return [prior.predict(x, t, cond, 1.0) for t in (900, 500)]

    roomy, cramped = Batcher(Gaussian()), Batcher(Cramped())
    expected, outcomes = roomy.run([ask] * count), cramped.run([ask] * count)
    for outcome, other in zip(outcomes, expected, strict=True):
        assert isinstance(outcome, Done) and isinstance(other, Done)
        assert outcome.nfe == other.nfe == 8
        assert all(map(torch.equal, outcome.result, other.result))
    assert cramped.limit in (2, 3)
    assert len(caplog.records) <= 3  # what did not fit is not tried again


def test_the_prior_is_loaded_once_in_a_sweep(checkpoint, results):
    load_prior.cache_clear()
    arguments = (
        "prior=tiny",
        f"prior.path={checkpoint}",
        "prior.lora=null",
        "prompt=one",
        f"results={results}",
    )
    assert command_line.run(*SWEEP, *arguments, "method=ddim,multidiffusion").code == 0
    assert load_prior.cache_info().misses == 1
    assert len(images(results)) == 2


# Previews


def test_previews_come_every_k_steps_and_change_nothing(prompts, results, together):
    answer = command_line.run(*SWEEP, prompts, f"results={results}", "previews=1")
    assert answer.code == 0, answer.err
    assert rows(results) == rows(together)
    shown = {path for path in images(results) if "previews" in path}
    assert {path: image for path, image in images(results).items() if path not in shown} == images(
        together
    )
    sds = {Path(path).name for path in shown if "/sds/" in path}
    assert sds == {"00001.png", "00002.png"}


# What is told


@pytest.mark.slow
def test_a_terminal_sees_samples_and_steps_go_by(prompts, results):
    process, terminal = pty.fork()
    if process == 0:
        size = struct.pack("HHHH", 24, 100, 0, 0)
        fcntl.ioctl(2, termios.TIOCSWINSZ, size)
        os.chdir(command_line.ROOT)
        run = [sys.executable, "-m", "synclab.run", *QUICK, prompts, f"results={results}"]
        os.execv(sys.executable, run)
    shown = b""
    with contextlib.suppress(OSError):  # the terminal's way to end
        while part := os.read(terminal, 65536):
            shown += part
    assert os.waitpid(process, 0)[1] == 0
    assert b"image/ddim: 100%" in shown
    assert b"steps:" in shown
    assert b"5/5" in shown


def test_the_log_has_times_and_every_sample(together):
    lines = (method_folder(together, "ddim") / "run.log").read_text().splitlines()
    assert len(lines) == 6
    for line in lines:
        assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \d+@\S+ INFO ", line)


def run_module(module: Any, *arguments: str, monkeypatch: Any, caplog: Any) -> tuple[int, str]:
    monkeypatch.setattr("sys.argv", [module.__name__, *arguments])
    with caplog.at_level(logging.INFO):
        return module.main(), caplog.text


def test_status_counts_done_failed_and_missing(broken, prompts, results, monkeypatch, caplog):
    command_line.run(*SWEEP, prompts, f"results={results}")
    folder = method_folder(results, "sds")
    next(folder.glob("three-*.json")).unlink()
    (folder / ".three.claim").touch()
    code, text = run_module(status, str(results), monkeypatch=monkeypatch, caplog=caplog)
    assert code == 0
    ddim, sds = (progress(method_folder(results, name)) for name in ("ddim", "sds"))
    assert (ddim.done, ddim.failed, ddim.missing, ddim.running) == (4, 1, 0, 0)
    assert (sds.done, sds.failed, sds.missing) == (4, 0, 1)
    assert "ZeroDivisionError: of all things" in text


@pytest.mark.parametrize(
    ("harm", "line"),
    [
        (lambda png, row: row.write_bytes(row.read_bytes()[:50]), "json: not JSON"),
        (
            lambda png, row: png.write_bytes(png.read_bytes()[:50]),
            "png: differs from its row's hash",
        ),
        (lambda png, row: png.unlink(), "png: missing, but has a row"),
        (lambda png, row: row.unlink(), "png: no row; its sample is unfinished"),
        (
            lambda png, row: row.with_name("x-s0.json").write_text(row.read_text()),
            "of another sample",
        ),
        (lambda png, row: row.with_name("config.json").write_text("{"), "config.json: not JSON"),
        (lambda png, row: row.with_name("config.json").unlink(), "config.json: missing"),
        (lambda png, row: row.with_name(".x.1@here.part").write_text(""), None),
        (lambda png, row: row.with_name("scores.json").write_text("{}"), None),
    ],
)
def test_verify_lists_what_is_damaged(together, harm, line, monkeypatch, caplog):
    row = next(method_folder(together, "ddim").glob("two-*.json"))
    harm(row.with_suffix(".png"), row)
    code, text = run_module(verify, str(together), monkeypatch=monkeypatch, caplog=caplog)
    assert code == (line is not None)
    assert line is None or line in text
    assert f"2 folders, {code} damaged files" in text


@pytest.mark.parametrize("module", [verify, status])
def test_a_folder_without_results_is_told_in_one_line(module, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", [module.__name__, str(tmp_path)])
    assert module.main() == 1
    assert "no results there" in capsys.readouterr().err


def test_a_folder_of_thousands_of_samples(tmp_path):
    """scripts/bench/store.py measures ten thousand."""
    folder = tmp_path / "method"
    fill(folder, 2000, size=1600)
    assert progress(folder).done == 2000
    assert not list(verify.check(folder))
    damaged = sorted(folder.glob("*.png"))[::200]
    for path in damaged:
        path.write_bytes(b"")
    assert len(list(verify.check(folder))) == len(damaged) == 10


def test_a_damaged_status_is_forgotten(prompts, together):
    path = method_folder(together, "ddim") / "status.json"
    path.write_text("{")
    assert progress(path.parent).done == 5
    next(path.parent.glob("two-*.json")).unlink()
    assert command_line.run(*SWEEP, prompts, f"results={together}").code == 0
    assert len(json.loads(path.read_text())["wanted"]) == 5
