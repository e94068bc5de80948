"""A run may die at any moment: the same command goes on and ends as if nothing had happened.

Trees are compared file by file: images, configurations and status to the byte, rows without what
differs between equal runs (seconds, memory, the checkout's name); `run.log` tells of its own run.
"""

import os
import random
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path

import command_line
import pytest
from command_line import QUICK, images, rows

from synclab.store.claims import claim_path
from synclab.store.folder import Store
from synclab.store.progress import progress
from synclab.verify import check

SLOW = (*QUICK, "prior.shape=[3,64,64]", "method.steps=40")
"""About 20 ms for each sample."""


@pytest.fixture(scope="module")
def sweep(tmp_path_factory) -> tuple[str, ...]:
    """Two methods and thirty prompts."""
    path = tmp_path_factory.mktemp("prompts") / "set.txt"
    path.write_text("\n".join(f"prompt {number}" for number in range(30)))
    return (*SLOW, "-m", "method=ddim,synctweedies", f"prompts={path}")


@pytest.fixture(scope="module")
def undisturbed(sweep, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    assert command_line.run(*sweep, f"results={folder}").code == 0
    return folder


def tree(results: Path) -> dict[str, object]:
    """All that a tree holds save its logs."""
    files = {path for path in (results / "exact").rglob("*") if path.is_file()}
    kept = [path for path in files if path.name in ("config.json", "status.json")]
    names = {str(path.relative_to(results)) for path in files}
    texts = {str(path.relative_to(results)): path.read_bytes() for path in kept}
    return {"names": names, **texts, **images(results), **rows(results)}


def assert_completes(sweep: tuple[str, ...], results: Path, undisturbed: Path) -> None:
    answer = command_line.run(*sweep, f"results={results}")
    assert answer.code == 0, answer.err
    assert tree(results) == tree(undisturbed)
    assert not [damage for folder in folders(results) for damage in check(folder)]


def folders(results: Path) -> list[Path]:
    return [path.parent for path in results.rglob("config.json")]


def stamps(results: Path) -> dict[Path, int]:
    """When each finished sample was written."""
    done = (row for row in results.rglob("*-s0.json") if Store(row.parent).done(row.stem))
    return {row: row.stat().st_mtime_ns for row in done}


def end(process: BaseProcess, number: int, chance: random.Random) -> bool:
    """Sends a signal at a random moment; False where the process was done before."""
    process.join(chance.uniform(0.05, 0.9))
    if process.exitcode is None and process.pid:
        os.kill(process.pid, number)
    process.join()
    return process.exitcode != 0


def kill_again_and_again(
    sweep: tuple[str, ...], results: Path, number: int, times: int, together: int = 1
) -> Iterator[list[BaseProcess]]:
    """`together` lives at a time, each ended at a random moment, until it has happened `times`.

    Where all was done before, a finished sample is damaged, so that there is work again.
    """
    chance, kills = random.Random(0), 0
    while kills < times:
        before = stamps(results)
        lives = [command_line.fork(*sweep, f"results={results}") for _ in range(together)]
        ended = [end(life, number, chance) for life in lives]
        kills += sum(ended)
        assert before.items() <= stamps(results).items(), "what was done was done again"
        if not all(ended):
            damage(chance.sample(sorted(stamps(results)), k=20), chance)
        yield lives


def damage(done: list[Path], chance: random.Random) -> None:
    """Cuts images and rows short."""
    for row in done:
        path = chance.choice([row, row.with_suffix(".png")])
        path.write_bytes(path.read_bytes()[: chance.choice([0, 40])])


@pytest.mark.slow
def test_killed_again_and_again(sweep, undisturbed, tmp_path):
    for (life,) in kill_again_and_again(sweep, tmp_path, signal.SIGKILL, times=10):
        assert life.exitcode in (-signal.SIGKILL, 0)
    assert_completes(sweep, tmp_path, undisturbed)


@pytest.mark.slow
def test_two_processes_killed_again_and_again(sweep, undisturbed, tmp_path):
    for lives in kill_again_and_again(sweep, tmp_path, signal.SIGKILL, times=10, together=2):
        assert {life.exitcode for life in lives} <= {-signal.SIGKILL, 0}
    assert_completes(sweep, tmp_path, undisturbed)


@pytest.mark.slow
def test_terminated_again_and_again(sweep, undisturbed, tmp_path):
    for (life,) in kill_again_and_again(sweep, tmp_path, signal.SIGTERM, times=6):
        assert life.exitcode in (128 + signal.SIGTERM, -signal.SIGTERM, 0)
    assert_completes(sweep, tmp_path, undisturbed)


@pytest.mark.slow
def test_processes_share_a_folder_and_do_nothing_twice(sweep, undisturbed, tmp_path):
    lives = [command_line.fork(*sweep, f"results={tmp_path}") for _ in range(3)]
    for life in lives:
        life.join()
        assert life.exitcode == 0
    assert tree(tmp_path) == tree(undisturbed)
    logs = "".join(path.read_text() for path in tmp_path.rglob("run.log"))
    assert logs.count(": done in ") == len(images(tmp_path))
    assert len({line.split()[1] for line in logs.splitlines() if ": done in " in line}) > 1


@pytest.mark.slow
def test_interrupted_by_the_keyboard(tmp_path):
    prompts = tmp_path / "set.txt"
    prompts.write_text("one\ntwo\nthree\n")
    arguments = (*QUICK, "prior.shape=[3,512,512]", "method.steps=1000", f"prompts={prompts}")
    process = command_line.start(*arguments, f"results={tmp_path}")
    folder = tmp_path / "exact" / "image" / "ddim"
    while not list(folder.glob(".*-s0.claim")):
        assert process.poll() is None, "the run ended before the moment came"
        time.sleep(0.01)
    assert progress(folder).running == 1
    process.send_signal(signal.SIGINT)
    answer = command_line.finish(process)
    assert answer.code == 130
    assert answer.err.splitlines() == [
        "image/ddim: 3 of 3 samples to do",
        "synclab: interrupted; the same command continues with the missing samples",
    ]
    assert not list(folder.glob(".*"))
    assert (progress(folder).running, progress(folder).missing) == (0, 3)


# A full disk


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A file system of 200 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a small tmpfs takes root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.slow
def test_a_full_disk_ends_in_one_line_and_more_room_completes(sweep, undisturbed, small_disk):
    answer = command_line.run(*sweep, f"results={small_disk}")
    assert answer.code == 1
    assert "No space left on device" in answer.err
    assert "free space" in answer.err
    assert images(small_disk).items() <= images(undisturbed).items()
    assert not list(small_disk.rglob(".*.claim"))
    grow = ["mount", "-o", "remount,size=20m", str(small_disk)]
    subprocess.run(grow, check=True)
    assert_completes(sweep, small_disk, undisturbed)


def test_files_may_not_grow(tmp_path):
    """Where nothing can be mounted: the system refuses to write more than 2 kB."""
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (2000, resource.RLIM_INFINITY))
    life = command_line.fork(*SLOW, f"results={tmp_path}", prepare=limit)
    life.join()
    assert life.exitcode == 1
    assert not images(tmp_path)
    assert not list(tmp_path.rglob(".*"))


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


# What the dead leave behind


def test_what_a_killed_writer_left_is_cleared_and_a_living_ones_kept(tmp_path):
    folder = tmp_path / "exact" / "image" / "ddim"
    folder.mkdir(parents=True)
    dead = subprocess.Popen(["true"])
    dead.wait()
    left = folder / f".one.png.{dead.pid}@{socket.gethostname()}.part"
    living = folder / f".one.png.{os.getppid()}@{socket.gethostname()}.part"
    elsewhere = folder / ".one.png.1@elsewhere.part"
    for part in (left, living, elsewhere):
        part.write_bytes(b"half")
    assert command_line.run(*QUICK, f"results={tmp_path}").code == 0
    assert not left.exists()
    assert living.exists()
    assert elsewhere.exists()


def test_a_sample_in_dead_hands_is_made_at_once(tmp_path):
    assert command_line.run(*QUICK, f"results={tmp_path}").code == 0
    (row,) = (path for path in tmp_path.rglob("*-s0.json"))
    row.unlink()
    claim = claim_path(row.parent, row.stem)
    dead = subprocess.Popen(["true"])
    dead.wait()
    claim.write_text(f"{dead.pid}@{socket.gethostname()} token")
    assert command_line.run(*QUICK, f"results={tmp_path}").code == 0
    assert row.exists()
    assert not claim.exists()
