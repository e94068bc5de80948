"""How the threads of torch wait for each other."""

import os

import pytest

from synclab.waiting import wait_briefly


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT"):
        monkeypatch.setenv(name, "")  # so that it is restored
        monkeypatch.delenv(name)


def test_threads_sleep_after_a_moment():
    wait_briefly()
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"
    assert 1_000 <= int(os.environ["GOMP_SPINCOUNT"]) <= 100_000


def test_a_policy_of_the_users_is_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    wait_briefly()
    assert os.environ["OMP_WAIT_POLICY"] == "ACTIVE" and "GOMP_SPINCOUNT" not in os.environ


def test_a_number_of_spins_of_the_users_is_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GOMP_SPINCOUNT", "0")
    wait_briefly()
    assert os.environ["GOMP_SPINCOUNT"] == "0"
