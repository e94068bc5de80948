"""A run touches its results folder, and the memory of file hashes, and nothing else."""

import os
import sys
from pathlib import Path
from typing import Any

import command_line
import pytest
from command_line import QUICK

CHANGES = {"os.mkdir": (0,), "os.rename": (0, 1), "os.link": (1,), "os.remove": (0,)}
"""Events of Python that change a file system, and which arguments name what is changed."""

HARMLESS = (os.devnull, "/proc/")


class Watch:
    """Paths that this process has changed while it was `on`; audit hooks cannot be removed."""

    def __init__(self) -> None:
        self.on = False
        self.changed: set[Path] = set()
        sys.addaudithook(self.hear)

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.on:
            return
        if event == "open" and isinstance(arguments[0], str) and writes(arguments[2]):
            self.note(arguments[0])
        if event == "os.mkdir" and os.path.isdir(arguments[0]):
            return
        for number in CHANGES.get(event, ()):
            self.note(arguments[number])

    def note(self, path: Any) -> None:
        if not str(path).startswith(HARMLESS):
            self.changed.add(Path(os.path.abspath(os.fsdecode(path))))


def writes(flags: int) -> bool:
    return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


@pytest.fixture(scope="module")
def watch() -> Watch:
    return Watch()


ATTACKS = ["../../outside", "/outside", "~/outside", "..", "a\\b", "x" * 300, "\x1b[2J", "CON"]


@pytest.mark.parametrize("prior", ["exact", "tiny"])
@pytest.mark.parametrize("sweep", [(), ("-m", "previews=1", "samples_per_batch=3")])
def test_nothing_is_written_outside_the_results_folder(
    checkpoint, watch, tmp_path, monkeypatch, prior, sweep
):
    prompts = tmp_path / "set.txt"
    prompts.write_text("\n".join(ATTACKS))
    keys = ("prior=tiny", f"prior.path={checkpoint}", "prior.lora=null") if prior == "tiny" else ()
    empty = tmp_path / "here"
    empty.mkdir()
    monkeypatch.chdir(empty)
    monkeypatch.setenv("SYNCLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    watch.changed.clear()
    watch.on = True
    try:
        place = (f"prompts={prompts}", f"results={tmp_path}/results")
        answer = command_line.run(*QUICK, *keys, *sweep, *place)
    finally:
        watch.on = False
    assert answer.code == 0, answer.err
    assert len(command_line.rows(tmp_path / "results")) == len(ATTACKS)
    assert watch.changed
    allowed = [tmp_path / "results", tmp_path / "cache"]
    assert not {p for p in watch.changed if not any(map(p.is_relative_to, allowed))}
    assert {file.name for file in (tmp_path / "cache").glob("*")} <= {"hashes.json"}
    assert not list(empty.iterdir())


def test_the_watch_sees_what_is_written(watch, tmp_path):
    watch.on = True
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    os.replace(tmp_path / "file", tmp_path / "other")
    watch.on = False
    assert {tmp_path / name for name in ("file", "folder", "other")} <= watch.changed
