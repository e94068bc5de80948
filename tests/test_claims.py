"""Who works on what: one holder at a time, and none forever."""

import os
import socket
import subprocess
import time
from pathlib import Path
from threading import Barrier

import pytest
from command_line import FORKS

from synclab.store import claims
from synclab.store.claims import LEASE, Claims, claim_path, holders

HERE = socket.gethostname()


@pytest.fixture
def living() -> str:
    """Another process of this machine."""
    return f"{os.getppid()}@{HERE}"


def claimed_by(owner: str, folder: Path, age: float = 0) -> Path:
    path = claim_path(folder, "one")
    path.write_text(f"{owner} token")
    then = time.time() - age
    os.utime(path, (then, then))
    return path


def test_a_claim_is_taken_once_and_given_back(tmp_path):
    with Claims(tmp_path) as mine:
        assert mine.take("one")
        assert mine.take("two")
        mine.release("two")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("owner", ["living", "elsewhere"])
def test_a_living_claim_is_left_alone(tmp_path, living, owner):
    name = living if owner == "living" else "1@elsewhere"
    path = claimed_by(name, tmp_path, age=LEASE - 10)
    with Claims(tmp_path) as mine:
        assert not mine.take("one")
        mine.release("one")
    assert path.exists()
    assert holders(tmp_path) == {"one": name}


@pytest.mark.parametrize("owner", ["living", "elsewhere"])
def test_a_silent_claim_is_taken_over(tmp_path, living, owner):
    claimed_by(living if owner == "living" else "1@elsewhere", tmp_path, age=LEASE + 10)
    assert holders(tmp_path) == {}
    with Claims(tmp_path) as mine:
        assert mine.take("one")


def test_a_dead_process_of_this_machine_holds_nothing(tmp_path):
    dead = subprocess.Popen(["true"])
    dead.wait()
    claimed_by(f"{dead.pid}@{HERE}", tmp_path)
    with Claims(tmp_path) as mine:
        assert mine.take("one")


def test_a_claim_of_the_same_number_is_a_former_lifes(tmp_path):
    """Containers count processes anew."""
    claimed_by(f"{os.getpid()}@{HERE}", tmp_path)
    with Claims(tmp_path) as mine:
        assert mine.take("one")


def test_work_renews_the_lease(tmp_path, monkeypatch):
    monkeypatch.setattr(claims, "LEASE", 0.2)
    with Claims(tmp_path) as mine:
        mine.take("one")
        path = claim_path(tmp_path, "one")
        before = path.stat().st_mtime_ns
        deadline = time.monotonic() + 10
        while path.stat().st_mtime_ns == before and time.monotonic() < deadline:
            time.sleep(0.01)
        assert path.stat().st_mtime_ns > before


def test_what_was_taken_over_is_not_released(tmp_path, living):
    with Claims(tmp_path) as mine:
        mine.take("one")
        path = claimed_by(living, tmp_path)
    assert path.exists()


def contend(folder: Path, barrier: Barrier) -> None:
    with Claims(folder) as mine:
        barrier.wait()
        taken = mine.take("one")
        barrier.wait()
    raise SystemExit(taken)


@pytest.mark.parametrize("stale", [True, False])
def test_one_of_two_gets_a_claim(tmp_path, stale):
    barrier = FORKS.Barrier(2)
    for _ in range(3):
        if stale:
            claimed_by("1@elsewhere", tmp_path, age=LEASE + 10)
        processes = [FORKS.Process(target=contend, args=(tmp_path, barrier)) for _ in range(2)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        assert sorted(process.exitcode or 0 for process in processes) == [0, 1]
