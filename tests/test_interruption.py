"""A run may die at any moment: the same command goes on and ends as if nothing had happened."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import command_line
import pytest
from command_line import QUICK, images, rows

SLOW = ("prior.shape=[3,256,256]", "method.steps=400")
"""Half a second for each sample."""

MOMENTS = {
    "in the first sample": lambda folder: (folder / "config.json").exists(),
    "after the first image": lambda folder: list(folder.glob("*.png")),
    "in the third sample": lambda folder: len(list(folder.glob("*-s0.json"))) >= 2,
}


@pytest.fixture(scope="module")
def prompts(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("prompts") / "set.txt"
    path.write_text("one\ntwo\nthree\n")
    return f"prompts={path}"


@pytest.fixture(scope="module")
def undisturbed(prompts, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    assert command_line.run(*QUICK, *SLOW, prompts, f"results={folder}").code == 0
    return folder


def start(prompts: str, results: Path) -> subprocess.Popen[str]:
    return command_line.start(*QUICK, *SLOW, prompts, f"results={results}")


def wait_until(moment: Callable[[Path], object], process: subprocess.Popen, results: Path) -> None:
    while not moment(results / "exact" / "image" / "ddim"):
        assert process.poll() is None, "the run ended before the moment came"
        time.sleep(0.001)


def assert_completes(prompts: str, results: Path, undisturbed: Path) -> None:
    answer = command_line.run(*QUICK, *SLOW, prompts, f"results={results}")
    assert answer.code == 0, answer.err
    assert images(results) == images(undisturbed)
    assert rows(results) == rows(undisturbed)
    assert not list(results.rglob(".*.part"))


@pytest.mark.slow
def test_killed_again_and_again(prompts, undisturbed, tmp_path):
    for moment in MOMENTS.values():
        process = start(prompts, tmp_path)
        wait_until(moment, process, tmp_path)
        process.send_signal(signal.SIGKILL)
        assert command_line.finish(process).code == -signal.SIGKILL
    assert len(images(tmp_path)) < 3
    assert_completes(prompts, tmp_path, undisturbed)


@pytest.mark.slow
def test_interrupted_by_the_keyboard(prompts, undisturbed, tmp_path):
    process = start(prompts, tmp_path)
    wait_until(MOMENTS["after the first image"], process, tmp_path)
    process.send_signal(signal.SIGINT)
    answer = command_line.finish(process)
    assert answer.code == 130
    assert answer.err.splitlines() == [
        "image/ddim: 3 of 3 samples to do",
        "synclab: interrupted; the same command goes on with what is missing",
    ]
    assert_completes(prompts, tmp_path, undisturbed)


def test_what_a_killed_writer_left_is_cleared_and_a_living_ones_kept(tmp_path):
    folder = tmp_path / "exact" / "image" / "ddim"
    folder.mkdir(parents=True)
    dead = subprocess.Popen(["true"])
    dead.wait()
    left = folder / f".one.png.{dead.pid}@{socket.gethostname()}.part"
    living = folder / f".one.png.{os.getppid()}@{socket.gethostname()}.part"
    for part in (left, living):
        part.write_bytes(b"half")
    assert command_line.run(*QUICK, f"results={tmp_path}").code == 0
    assert not left.exists()
    assert living.exists()


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_failing_disk_leaves_nothing_half_written(call, tmp_path, monkeypatch):
    assert command_line.run(*QUICK, f"results={tmp_path}", "prompt=one").code == 0
    before = images(tmp_path), rows(tmp_path)

    def fail(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        answer = command_line.run(*QUICK, f"results={tmp_path}", "prompt=two")
    assert answer.code == 1
    assert "No space left on device" in answer.err
    assert (images(tmp_path), rows(tmp_path)) == before
    assert not list(tmp_path.rglob(".*.part"))
