"""The values of named choices are remembered until the configuration changes."""

import pytest

from synclab.config import usual as module
from synclab.config.usual import composed, memory, usual

CHOSEN = ("method=ddim", "task=image", "prior=exact", "preset=fixed")


@pytest.fixture(autouse=True)
def _fresh(tmp_path, monkeypatch):
    monkeypatch.setenv("SYNCLAB_CACHE", str(tmp_path / "cache"))
    forget()
    yield
    forget()


def forget() -> None:
    """What another command would not know."""
    usual.cache_clear()
    memory.cache_clear()


def refuse(chosen: object) -> None:
    raise AssertionError("composed again")


def test_values_are_composed_once_for_all_commands(monkeypatch):
    expected = composed(CHOSEN)
    assert usual(CHOSEN) == expected and expected["method"]["steps"] == 25
    forget()
    monkeypatch.setattr(module, "composed", refuse)
    assert usual(CHOSEN) == expected


def test_a_changed_configuration_is_composed_again(tmp_path, monkeypatch):
    (tmp_path / "conf").mkdir()
    monkeypatch.setattr(module, "CONF", tmp_path / "conf")
    paths = []
    for text in ("", "steps: 3", "steps: 10"):
        (tmp_path / "conf" / "config.yaml").write_text(text, encoding="utf-8")
        forget()
        paths.append(memory())
    assert len(set(paths)) == 3


def test_a_damaged_memory_is_made_anew():
    memory().parent.mkdir(parents=True)
    memory().write_bytes(b"[1")
    assert usual(CHOSEN)["task"]
    assert memory().read_bytes().startswith(b"{")


def test_choices_that_are_no_longer_there_have_no_values():
    assert usual(("method=gone", *CHOSEN[1:])) == {}
