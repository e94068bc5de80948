"""The values of named choices are remembered until the configuration changes."""

import pytest

from synclab.config import usual as module
from synclab.config.usual import composed, memory, usual

CHOSEN = ("method=ddim", "task=image", "prior=exact", "preset=fixed")


@pytest.fixture(autouse=True)
def _fresh(tmp_path, monkeypatch):
    monkeypatch.setenv("SYNCLAB_CACHE", str(tmp_path / "cache"))
    usual.cache_clear()
    yield
    usual.cache_clear()


def refuse(chosen: object) -> None:
    raise AssertionError("composed again")


def test_values_are_composed_once_for_all_commands(monkeypatch):
    expected = composed(CHOSEN)
    assert usual(CHOSEN) == expected and expected["method"]["steps"] == 25
    usual.cache_clear()  # another command
    monkeypatch.setattr(module, "composed", refuse)
    assert usual(CHOSEN) == expected


def test_a_changed_configuration_is_composed_again(tmp_path, monkeypatch):
    before = memory()
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "config.yaml").write_text("steps: 3", encoding="utf-8")
    monkeypatch.setattr(module, "CONF", tmp_path / "conf")
    changed = memory()
    (tmp_path / "conf" / "config.yaml").write_text("steps: 10", encoding="utf-8")
    assert len({before, changed, memory()}) == 3


def test_a_damaged_memory_is_made_anew():
    memory().parent.mkdir(parents=True)
    memory().write_bytes(b"[1")
    assert usual(CHOSEN)["task"]
    assert memory().read_bytes().startswith(b"{")


def test_choices_that_are_no_longer_there_have_no_values():
    assert usual(("method=gone", *CHOSEN[1:])) == {}
