"""A study finds the preference that its raters have, and leaves careless ones out."""

import json
import random
import shutil
from html import unescape
from pathlib import Path

import browser
import numpy as np
import pytest
from PIL import Image
from test_sheet import add_sample

from synclab import study
from synclab.comparison.preference import (
    Answer,
    Preference,
    agreement,
    at_least,
    exact_interval,
    preferences,
)
from synclab.comparison.published_studies import read_studies, turned_as_published
from synclab.viewers.study import scrambled

METHODS = ("ddim", "sds", "stochsync")
COLOURS = {"ddim": (200, 0, 0), "sds": (0, 200, 0), "stochsync": (0, 0, 200)}


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A task of three methods and ten prompts, and a study of it."""
    root = tmp_path_factory.mktemp("made")
    for number in range(10):
        for method, colour in COLOURS.items():
            add_sample(root / "task", method, f'prompt {number} <b>"é"', colour)
    words = ["make", str(root / "task"), "--methods", ",".join(METHODS), "--to"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["synclab study", *words, str(root / "study")])
        assert study.main() == 0
    return root


@pytest.fixture
def folder(made, tmp_path) -> Path:
    """A copy of the study, beside that of its task."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path / "study"


def read_key(folder: Path) -> dict:
    return json.loads((folder / "key.json").read_text(encoding="utf-8"))


def rate(folder: Path, rater: int, share: float, careless: bool = False) -> Path:
    """A rater who prefers stochsync with a probability, and else chooses by chance."""
    key, chance = read_key(folder), random.Random(rater)

    def choose(methods: list[str]) -> int:
        if "stochsync" not in methods:
            return chance.randrange(2)
        best = methods.index("stochsync")
        return best if chance.random() < share else 1 - best

    watched = [{"item": own, "chosen": int(careless)} for own in key["vigilance"]]
    answers = [{"item": own, "chosen": choose(pair)} for own, pair in key["items"].items()]
    path = folder / f"answers-{rater}.json"
    body = {"study": key["study"], "rater": str(rater), "answers": answers + watched}
    path.write_text(json.dumps(body), encoding="utf-8")
    return path


def read(monkeypatch, caplog, folder: Path, *paths: Path, options: tuple[str, ...] = ()) -> str:
    words = ["read", str(folder), *map(str, paths), *options]
    monkeypatch.setattr("sys.argv", ["synclab study", *words])
    with caplog.at_level("INFO"):
        assert study.main() == 0
    return caplog.text


def test_a_known_preference_is_found_and_careless_raters_are_left_out(folder, monkeypatch, caplog):
    careful = [rate(folder, number, share=0.8) for number in range(20)]
    careless = [rate(folder, number, share=0, careless=True) for number in range(20, 26)]
    text = read(monkeypatch, caplog, folder, *careful, *careless)
    assert "20 of 26 raters passed at least 3 vigilance items" in text
    key = read_key(folder)["items"]
    answers = [
        Answer(str(path), own["item"], pair[own["chosen"]], pair[1 - own["chosen"]])
        for path in careful
        for own in json.loads(path.read_text(encoding="utf-8"))["answers"]
        if (pair := key.get(own["item"]))
    ]
    found = {(own.first, own.second): own for own in preferences(answers)}
    assert found.keys() == {("ddim", "sds"), ("ddim", "stochsync"), ("sds", "stochsync")}
    for pair, share in {("ddim", "sds"): 0.5, ("ddim", "stochsync"): 0.2}.items():
        low, high = exact_interval(found[pair].chosen, 200, confidence=0.999)
        assert found[pair].n == 200 and low < share < high
        assert f"{found[pair].share:.1%}" in text


def test_the_papers_preferences_stand_below_ours(folder, monkeypatch, caplog):
    lines = read(monkeypatch, caplog, folder, rate(folder, 0, share=1)).splitlines()
    printed = [" ".join(line.split()) for line in lines if "arXiv" in line]
    assert any("stochsync lmagic 56.20% StochSync, arXiv 2501.15445" in line for line in printed)
    assert any('Those with "horizon", workers counted 59 of 100' in line for line in printed)
    assert any("syncdiffusion multidiffusion 66.35% SyncDiffusion" in line for line in printed)


def test_our_preference_is_seen_from_the_method_that_the_paper_names_first():
    ours = [Preference("lmagic", "stochsync", 3, 10), Preference("a", "b", 1, 10)]
    found = turned_as_published(ours, read_studies())
    assert found == [Preference("stochsync", "lmagic", 7, 10), Preference("a", "b", 1, 10)]


def test_everyone_is_careless_is_one_line(folder, monkeypatch, capsys):
    path = rate(folder, 0, share=1, careless=True)
    monkeypatch.setattr("sys.argv", ["synclab study", "read", str(folder), str(path)])
    assert study.main() == 1
    assert capsys.readouterr().err.splitlines()[-1].endswith("expected a smaller number")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("make", "TASK", "--methods", "ddim,sbs"), "--methods sbs: no samples in TASK; expected"),
        (("make", "TASK", "--methods", "ddim"), "--methods ddim: expected two or more methods"),
        (("make", "TASK", "--methods", "ddim,ddim"), "--methods ddim,ddim: expected two or more"),
        (("read", "TASK", "x.json"), "TASK/key.json: No such file or directory; expected a folder"),
        (("read", "STUDY", "STUDY/key.json"), "STUDY/key.json: without 'rater'; expected answers"),
        (("reed",), "study reed: no such action; did you mean 'read'?"),
    ],
)
def test_a_mistake_is_one_line(words, line, folder, monkeypatch, capsys):
    capsys.readouterr()
    places = {"TASK": str(folder.parent / "task"), "STUDY": str(folder)}
    for name, place in places.items():
        words, line = [word.replace(name, place) for word in words], line.replace(name, place)
    monkeypatch.setattr("sys.argv", ["synclab study", *words])
    assert study.main() == 1
    assert capsys.readouterr().err.startswith(f"synclab: {line}")


def test_the_page_names_no_method(folder):
    text = (folder / "page" / "study.js").read_text(encoding="utf-8")
    assert not any(method in text for method in METHODS)


# Formulas


@pytest.mark.parametrize(
    ("chosen", "n", "low", "high"),
    [(0, 10, 0.0, 0.3084971), (5, 10, 0.1870860, 0.8129140), (10, 10, 0.6915029, 1.0)],
)
def test_the_interval_is_that_of_clopper_and_pearson(chosen, n, low, high):
    assert exact_interval(chosen, n) == pytest.approx((low, high), abs=1e-6)


def test_the_interval_ends_where_the_tails_have_two_and_a_half_percent():
    low, high = exact_interval(13, 50)
    assert at_least(13, 50, low) == pytest.approx(0.025)
    assert 1 - at_least(14, 50, high) == pytest.approx(0.025)


def answers(*tallies: tuple[int, int]) -> list[Answer]:
    return [
        Answer(str(rater), str(item), *(("a", "b") if rater < first else ("b", "a")))
        for item, (first, second) in enumerate(tallies)
        for rater in range(first + second)
    ]


def test_agreement_is_one_between_equals_and_below_zero_between_opponents():
    assert agreement(answers((3, 0), (0, 3))) == pytest.approx(1)
    assert agreement(answers((1, 1), (1, 1))) == pytest.approx(-1)
    assert agreement(answers((1, 0), (0, 1))) is None


def test_agreement_by_hand():
    """Agreeing pairs of raters: all, a third, a third; 6 of 9 choices were the first."""
    observed, chance = (1 + 1 / 3 + 1 / 3) / 3, (6 / 9) ** 2 + (3 / 9) ** 2
    expected = (observed - chance) / (1 - chance)
    assert agreement(answers((3, 0), (2, 1), (1, 2))) == pytest.approx(expected)


@pytest.mark.parametrize("size", [(64, 64), (64, 32), (64, 16)])
def test_no_square_of_a_scrambled_picture_is_in_its_place(size):
    ramp = np.arange(size[0] * size[1] * 3, dtype=np.uint32).reshape(size[1], size[0], 3)
    image = Image.fromarray((ramp % 251).astype(np.uint8))
    mixed = np.array(scrambled(image, random.Random(0)))
    side = size[1] if size[0] >= 3 * size[1] else size[1] // 2
    whole = np.array(image)
    for top in range(0, size[1], side):
        for left in range(0, size[0], side):
            square = np.s_[top : top + side, left : left + side]
            assert (mixed[square] != whole[square]).any()
    assert sorted(mixed.reshape(-1, 3).tolist()) == sorted(whole.reshape(-1, 3).tolist())


# In a browser

CLICK = """
const seen = [];
while (by("pair").children.length) {
  seen.push([by("prompt").textContent, by("pair").querySelectorAll("img").length]);
  const left = first[shown];
  document.onkeydown({ key: left === 0 ? "1" : "2" }); // always the first of the pair
}
const told = { seen, answers, saved: by("save").download, thanked: !by("thanks").hidden };
by("answer").textContent = JSON.stringify(told);
"""


@pytest.mark.skipif(not browser.CHROMIUM, reason="apt-get install chromium")
@pytest.mark.slow
def test_a_rater_answers_by_keys_and_saves_the_answers(folder, monkeypatch, caplog):
    told = json.loads(unescape(browser.run(folder / "page" / "index.html", CLICK)))
    assert len(told["seen"]) == 25 and told["thanked"]
    assert told["saved"].startswith("answers-")
    assert all(pictures == 2 and '<b>"é"' in prompt for prompt, pictures in told["seen"])
    assert {own["chosen"] for own in told["answers"]} == {0}
    lefts = [own["left"] for own in told["answers"]]
    assert abs(lefts.count(0) - lefts.count(1)) <= 1
    body = {"study": read_key(folder)["study"], "rater": "1", "answers": told["answers"]}
    path = folder / "saved.json"
    path.write_text(json.dumps(body), encoding="utf-8")
    assert "1 of 1 raters passed" in read(monkeypatch, caplog, folder, path)
