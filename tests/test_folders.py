"""Folders as people have them: copies, foreign files and links change no score in silence."""

import json
import logging
import os
import shutil
from pathlib import Path

import pytest
import torch
from command_line import QUICK, run

from synclab import verify
from synclab.core.hashing import sha256
from synclab.core.pictures import to_png
from synclab.errors import UserError
from synclab.metrics.features import measure
from synclab.store.folder import find_folders, foreign, list_samples, method_folders
from synclab.store.pictures import UnusableError, read_pictures
from synclab.store.progress import progress
from synclab.view import newest
from synclab.viewers.samples import read_samples
from synclab.viewers.sheet import contact_sheet


@pytest.fixture
def task(tmp_path) -> Path:
    """A task's folder with one finished sample."""
    assert run(*QUICK, "prompt=a sea", f"results={tmp_path}/results").code == 0
    return tmp_path / "results" / "exact" / "image"


@pytest.fixture
def folder(task) -> Path:
    return task / "ddim"


def only(folder: Path, suffix: str) -> Path:
    (path,) = folder.glob(f"a-sea-*{suffix}")
    return path


@pytest.mark.parametrize("name", ["{} copy", "{} (1)", "{} - Copy", "Copy of {}s"])
def test_a_copy_of_a_sample_is_named_and_left_out(folder, caplog, name):
    for suffix in (".png", ".json"):
        path = only(folder, suffix)
        shutil.copy(path, path.with_name(name.format(path.stem) + suffix))
    with caplog.at_level(logging.WARNING):
        assert len(read_pictures(folder)) == 1
    assert len([line for line in caplog.messages if "left out" in line]) == 2
    assert len(list_samples(folder).done) == 1
    assert progress(folder).done == 1


def test_a_row_under_another_name_is_named_and_left_out(folder, caplog):
    path = only(folder, ".json")
    shutil.copy(path, path.with_name(path.name.replace("s0", "s1")))
    with caplog.at_level(logging.WARNING):
        assert len(read_pictures(folder)) == 1
    assert f"it is the row of {path.stem}" in caplog.text


def test_foreign_files_and_folders_are_left_out(task, folder, caplog):
    (folder / "notes.txt").write_text("mine", "utf-8")
    (folder / ".DS_Store").write_bytes(b"x")
    shutil.copytree(folder, task / "__MACOSX")
    with caplog.at_level(logging.WARNING):
        assert len(read_pictures(folder)) == 1
    (folder / ".sea-s0.claim").write_bytes(b"1@host")
    assert "notes.txt: left out" in caplog.text
    assert [path.name for path in foreign(folder)] == ["notes.txt"]
    assert method_folders(task) == [folder]
    assert find_folders(task) == [folder]


def test_a_picture_of_another_size_than_its_row_says_is_not_scored(folder, caplog):
    picture, path = to_png(torch.zeros(3, 8, 16)), only(folder, ".json")
    row = json.loads(path.read_text("utf-8"))
    assert row["size"] == [32, 32]
    only(folder, ".png").write_bytes(picture)
    path.write_text(json.dumps(row | {"sha256": sha256(picture)}), "utf-8")
    (made,) = read_pictures(folder)
    with pytest.raises(UnusableError, match=r"it is \(16, 8\), its row says"):
        made.load()
    with caplog.at_level(logging.WARNING):
        assert not measure([made], ForbiddenCut(), {"any": Forbidden()}, "test").pictures
    assert "its row says" in caplog.text


class ForbiddenCut:
    def of_reference(self):
        return self

    def key(self, row):
        return "whole"

    def source(self, picture):
        return picture.load()

    def cut(self, picture, row):
        raise AssertionError("nothing is cut of a picture that is not scored")


class Forbidden:
    name = identity = "forbidden"

    def __call__(self, cut):
        raise AssertionError("nothing is extracted of a picture that is not scored")

    def check(self) -> None:
        pass


def test_rows_without_a_size_are_scored(folder):
    path = only(folder, ".json")
    row = json.loads(path.read_text("utf-8"))
    del row["size"]
    path.write_text(json.dumps(row), "utf-8")
    (made,) = read_pictures(folder)
    assert made.load().shape == (3, 32, 32)


def test_linked_tasks_and_methods_are_seen_by_all(task, folder, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    shutil.move(folder, elsewhere)
    os.symlink(elsewhere, task / "ddim")
    os.symlink(task, tmp_path / "linked")
    for root in (task, tmp_path / "linked"):
        (found,) = find_folders(root)
        assert progress(found).done == 1
        assert not list(verify.check(found))
        assert method_folders(root) == [root / "ddim"]
        assert len(read_pictures(root / "ddim")) == 1
        assert contact_sheet(read_samples(root)).height > 0


def test_a_link_to_a_folder_above_is_followed_once(task, folder):
    os.symlink(task, task / "loop")
    assert find_folders(task) == [folder]


def test_the_newest_results_are_those_with_pictures(task, folder):
    results = task.parents[1]
    rows = results / "embedded" / "image" / "ddim"  # as of a benchmark, committed without pictures
    shutil.copytree(folder, rows)
    only(rows, ".png").unlink()
    os.utime(rows, (folder.stat().st_mtime + 60,) * 2)
    assert newest(results) == task.parent
    only(folder, ".png").unlink()
    with pytest.raises(UserError, match="no pictures there"):
        newest(results)
