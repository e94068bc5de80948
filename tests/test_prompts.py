"""Files of prompts: every form that upstream has, told apart, checked and fetched."""

import hashlib
import json
import runpy
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path
from unittest import mock

import pytest

from synclab.config import prompt_sets, prompts
from synclab.config.prompt_files import parse, read_file
from synclab.config.prompt_sets import PromptSet, read_sets
from synclab.config.prompts import find, read_prompts, samples
from synclab.errors import UserError
from synclab.metrics.views import entries
from synclab.metrics.world_reference import asked
from synclab.world import INDOOR, OUTDOOR, TEXTURES, TIMES

UPSTREAM = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "prompts"
"""The papers' own files, where this machine has them; the project stores none."""

LONG = "Zen garden, raked pebbles—a serene oasis, " * 7
TEXTS = ["a sea", "  kept as it is ", LONG, "# no comment", "日本の庭"]
FORMS = {
    "list": TEXTS,
    "named": {f"key {i}": {"prompt": text} for i, text in enumerate(TEXTS)},
    "captions": {
        "data": [{"captions": [text], "thetas": [1, 2], "pano_path": "/x"} for text in TEXTS]
    },
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_json_form_gives_its_prompts_letter_by_letter(form):
    assert parse(json.dumps(form).encode(), ".json") == TEXTS


@pytest.mark.parametrize(
    "body",
    ["{", "3", "[1]", '[""]', '{"a": {}}', '{"a": 1}', '{"data": [{"captions": ["a", "b"]}]}'],
)
def test_another_json_is_refused(body):
    with pytest.raises(ValueError, match="is not JSON of the form"):
        parse(body.encode(), ".json")


@pytest.mark.parametrize("body", ["[]", "{}", '{"data": []}'])
def test_an_empty_json_is_refused(body):
    with pytest.raises(ValueError, match="holds no prompt"):
        parse(body.encode(), ".json")


def test_long_and_foreign_prompts_get_short_ascii_names_of_their_own():
    made = samples([LONG, LONG + "!", "日本の庭", "日本の海"], seed=3)
    assert len({sample.id for sample in made}) == 4
    assert all(sample.id.isascii() and len(sample.id) < 80 for sample in made)
    assert len(LONG.encode()) > 255


def test_the_worlds_prompts_name_every_scene_and_time_once():
    asked_for = [asked(prompt) for prompt in read_prompts("world")]
    assert len(set(asked_for)) == len(asked_for)
    assert set(asked_for) == set(product(OUTDOOR, TIMES)) | set(product(INDOOR, [None]))


def test_the_materials_are_those_of_the_world():
    assert read_prompts("materials") == list(TEXTURES)


@pytest.mark.parametrize("name", ["demo", "demo_tables"])
def test_the_demos_prompts_are_of_the_world(name):
    assert all(asked(prompt) for prompt in read_prompts(name))


def test_a_papers_set_is_found_once_it_is_fetched(tmp_path, monkeypatch):
    monkeypatch.setattr(prompt_sets, "PROMPTS", tmp_path)
    monkeypatch.setattr(prompts, "PROMPTS", tmp_path)
    with pytest.raises(
        UserError, match="not downloaded yet; run python scripts/fetch_prompts.py lmagic"
    ):
        find("lmagic")
    content = '["a sea"]'
    own = replace(read_sets()["lmagic"], sha256=hashlib.sha256(content.encode()).hexdigest())
    monkeypatch.setattr(prompts, "read_sets", lambda: {"lmagic": replace(own, count=1)})
    own.path.write_text(content)
    assert read_prompts("lmagic") == ["a sea"]
    own.path.write_text('["a lake"]')
    with pytest.raises(UserError, match="prompts=lmagic: .* another file than expected; sha256"):
        read_prompts("lmagic")


def fetch(*arguments: str) -> int:
    script = Path(__file__).resolve().parent.parent / "scripts" / "fetch_prompts.py"
    with (
        mock.patch.object(sys, "argv", [str(script), *arguments]),
        pytest.raises(SystemExit) as end,
    ):
        runpy.run_path(str(script), run_name="__main__")
    return int(end.value.code or 0)


@pytest.fixture
def one_set(tmp_path, monkeypatch):
    """A project with one set of two prompts, and a folder that has its file."""
    content = b'["a sea", "a hill"]'
    digest = hashlib.sha256(content).hexdigest()
    wanted = PromptSet("two", "two.json", "https://nowhere.invalid/two.json", digest, 2, "MIT")
    (tmp_path / "project").mkdir()
    (tmp_path / "two.json").write_bytes(content)
    monkeypatch.setattr(prompt_sets, "PROMPTS", tmp_path / "project")
    monkeypatch.setattr(prompt_sets, "read_sets", lambda: {"two": wanted})
    return wanted


def test_a_set_is_taken_from_a_folder_and_then_needs_none(one_set, tmp_path):
    assert fetch("--from", str(tmp_path)) == 0
    assert one_set.path.read_bytes() == (tmp_path / "two.json").read_bytes()
    assert fetch("two", "--from", str(tmp_path / "gone")) == 0


@pytest.mark.parametrize(
    ("content", "line"),
    [(b'["a sea", "a lake"]', "another file than expected; sha256"), (None, "cannot read")],
)
def test_another_file_and_no_file_are_refused(one_set, tmp_path, capsys, content, line):
    (tmp_path / "two.json").unlink()
    if content:
        (tmp_path / "two.json").write_bytes(content)
    assert fetch("two", "--from", str(tmp_path)) == 1
    assert f"synclab: two: {line}" in capsys.readouterr().err.replace(f"{tmp_path}/two.json: ", "")
    assert not one_set.path.exists()


def test_an_unknown_set_is_refused(one_set, capsys):
    assert fetch("tow") == 1
    assert "tow: no such set; did you mean 'two'?" in capsys.readouterr().err


def test_without_a_hash_the_count_decides():
    wanted = PromptSet("two", "two.txt", "https://nowhere.invalid", None, 2, "MIT")
    wanted.check(b"a sea\na hill", "two.txt")
    with pytest.raises(UserError, match=r"two\.txt: 1 prompts; expected 2"):
        wanted.check(b"a sea", "two.txt")


@pytest.mark.skipif(not UPSTREAM.is_dir(), reason="upstream's files are not on this machine")
@pytest.mark.parametrize("name", [name for name in read_sets() if name != "panfusion_original"])
def test_upstreams_files_are_what_the_manifest_says(name):
    wanted = read_sets()[name]
    content = (UPSTREAM / wanted.file).read_bytes()
    wanted.check(content, wanted.file)
    texts = parse(content, ".json")
    assert len({sample.id for sample in samples(texts, 0)}) == wanted.count


@pytest.mark.skipif(not UPSTREAM.is_dir(), reason="upstream's files are not on this machine")
@pytest.mark.parametrize("name", ["panfusion", "lmagic", "horizon"])
def test_every_prompt_of_upstream_finds_its_ten_azimuths(name):
    path = UPSTREAM / read_sets()[name].file
    azimuths = dict(entries(path))
    assert [len(set(azimuths[prompt])) for prompt in read_file(path)] == [10] * len(azimuths)
