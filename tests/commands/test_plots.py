"""Plots draw what results have measured, with their numbers beside them."""

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from contrast import contrast
from score_files import score, scored, write_scores

from synclab import figures
from synclab.comparison.scores import read_scores
from synclab.core.pictures import to_png
from synclab.store.folder import Store
from synclab.viewers import drawing
from synclab.viewers.measurements import previews_by_step, scores_and_costs, seconds_by_part
from synclab.viewers.plots import Plot, plots_of
from synclab.viewers.samples import samples_of

STRANGE = "a$b$<script>&_"
"""A method's name: neither a formula nor markup."""


def add_sample(task: Path, method: str, name: str = "sea-s0", **facts: object) -> Path:
    """A finished black sample; returns its folder."""
    store = Store(task / method)
    store.open({})
    png = black(0)
    store.write(name, png, {"id": name, "prompt": "sea", "seed": 0, **facts})
    return store.folder


def black(level: int) -> bytes:
    return to_png(torch.full((3, 8, 16), level / 255))


@pytest.fixture
def task(tmp_path) -> Path:
    """Two methods with scores, seconds, previews and errors of a known region."""
    task = tmp_path / "run" / "panorama"
    write_scores(task.parent, {"sds": scored(3.0), STRANGE: scored(4.0)})
    config = {"method": {"t_max": 900, "t_min": 100, "steps": 3}}
    for method, seconds in (("sds", 2.0), (STRANGE, 6.0)):
        parts = {"denoiser": seconds / 2, "rest": seconds / 2, "total": seconds}
        measured = {"measurement_error": [1.0, 0.1, 0.01], "config": config}
        folder = add_sample(task, method, seconds=parts, **measured)
        for step in (1, 2):
            path = folder / "previews" / "sea-s0" / f"{step:05d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(black(51 * (2 - step)))
    return task


def plots(task: Path) -> dict[str, Plot]:
    return {own.name: own for own in plots_of(task, samples_of(task))}


def test_everything_that_was_measured_has_its_plot(task):
    expected = ["scores.embedded", "costs.embedded", "seconds", "errors", "previews"]
    assert list(plots(task)) == expected


def test_without_measurements_there_is_no_plot(tmp_path):
    add_sample(tmp_path / "image", "ddim")
    assert not plots(tmp_path / "image")


FID = {"a": (10, 5), "b": (20, 4), "c": (30, 4.5), "d": (20, 6), "e": (5, None)}
"""Seconds and FID of methods: b is better than c and d at no higher cost."""


def test_the_front_holds_the_methods_that_no_other_beats(tmp_path):
    methods = {
        name: scored(fid or 0, nfe=100 - seconds, runtime={"seconds": seconds, "error": None})
        for name, (seconds, fid) in FID.items()
    }
    methods["e"]["scores"]["fid"] = {"value": None, "reason": "too few"}
    file = read_scores(write_scores(tmp_path, methods).parents[1], "panorama")["embedded"]
    table = scores_and_costs(file)
    on = {
        cost: table.query(f"front_{cost}").groupby("score")["method"] for cost in ("seconds", "nfe")
    }
    assert table.query("score == 'fid'")["method"].tolist() == ["a", "b", "c", "d"]
    assert on["seconds"].get_group("fid").tolist() == ["a", "b"]
    assert on["nfe"].get_group("fid").tolist() == ["b", "c"]
    assert on["seconds"].get_group("clip_embedded").tolist() == ["a", "d", "e"]  # higher is better


def test_seconds_are_means_of_the_samples_and_parts_add_up(task):
    parts = {"denoiser": 4.0, "total": 4.0}
    add_sample(task, "sds", "hill-s0", seconds=parts)
    table = seconds_by_part(samples_of(task))
    own = table[table["method"] == "sds"].set_index("part")
    assert own["seconds"].to_dict() == {"denoiser": 2.5, "rest": 0.5}
    assert set(own["samples"]) == {2}


def test_previews_are_held_against_the_final_picture(task):
    """A method with one preview draws no line."""
    single = task / STRANGE / "previews" / "sea-s0" / "00001.png"
    single.unlink()
    samples = samples_of(task)
    assert not len(previews_by_step({STRANGE: samples[STRANGE]}))
    table = previews_by_step({"sds": samples["sds"]})
    assert table["step"].tolist() == [1, 2]
    assert table["distance"].tolist() == pytest.approx([0.2, 0.0])


@pytest.mark.parametrize("name", ["scores.embedded", "costs.embedded", "seconds", "previews"])
def test_names_are_shown_letter_by_letter(name, task):
    plot = plots(task)[name]
    root = ElementTree.fromstring(drawing.rendered(plot.drawn(), "svg"))
    texts = {
        "".join(own.itertext()).strip() for own in root.iter("{http://www.w3.org/2000/svg}text")
    }
    assert STRANGE in texts and "sds" in texts
    assert not list(root.iter("{http://www.w3.org/2000/svg}script"))


def test_every_plot_says_what_it_shows(task):
    assert plots(task)["scores.embedded"].alt.startswith(f"FID: sds 3, {STRANGE} 4.")
    assert "FID and seconds: sds. FID and network" in plots(task)["costs.embedded"].alt
    assert plots(task)["seconds"].alt == f"Seconds of a sample: sds 2, {STRANGE} 6."
    assert "sds from 1 to 0.01" in plots(task)["errors"].alt


@pytest.mark.parametrize("width", ["column", "page"])
def test_a_drawing_has_the_width_of_the_paper(width, task):
    inches = drawing.WIDTHS[width]
    svg = drawing.rendered(plots(task)["errors"].drawn(inches), "svg").decode("utf-8")
    (points,) = re.findall(r'<svg [^>]*?width="([\d.]+)pt"', svg)
    assert float(points) == pytest.approx(72 * inches)


@pytest.mark.parametrize("page", ["#ffffff", "#15171a"])
@pytest.mark.parametrize("colour", drawing.COLOURS)
def test_colours_stand_out_from_both_pages(colour, page):
    """WCAG 2.2, 1.4.11: 3 to 1 for graphics."""
    assert contrast(colour, page) >= 3


def test_methods_look_different():
    names = [f"{i}" for i in range(56)]
    assert len({tuple(own.values()) for own in drawing.looks(names).values()}) == 56


def run(monkeypatch, *words: str) -> int:
    monkeypatch.setattr("sys.argv", ["synclab figures", *words])
    return figures.main()


def test_the_command_writes_the_drawing_and_its_numbers(task, monkeypatch):
    assert run(monkeypatch, "scores", str(task), "--scores", "kid,giqa", "--format", "pdf") == 0
    folder = task / "figures"
    assert (folder / "scores.embedded.pdf").read_bytes().startswith(b"%PDF")
    table = pd.read_csv(folder / "scores.embedded.csv")
    assert list(dict.fromkeys(table["score"]))[:2] == ["kid", "giqa"]
    assert set(table["n"]) == {20} and np.isfinite(table["error"]).all()


@pytest.mark.parametrize(
    ("scores", "line"),
    [("fdi", "--scores fdi: not scored in"), ("fid,kid,giqa,is_1", "expected at most 3")],
)
def test_scores_that_cannot_be_drawn_are_one_line(scores, line, task, monkeypatch, capsys):
    assert run(monkeypatch, "scores", str(task), "--scores", scores) == 1
    assert line in capsys.readouterr().err and not (task / "figures").exists()


def test_asked_scores_are_drawn_of_the_protocols_that_have_them(task):
    methods = {"sds": scored(3.0, scores={"other": score("other", 1.0)}), STRANGE: scored(4.0)}
    write_scores(task.parent, methods, protocol="another")
    plots = plots_of(task, {}, ["other"])
    assert [own.name for own in plots] == ["scores.another", "costs.another"]


@pytest.mark.parametrize("name", list(figures.MISSING))
def test_what_was_not_measured_is_one_line(name, tmp_path, monkeypatch, capsys):
    add_sample(tmp_path / "image", "ddim")
    assert run(monkeypatch, name, str(tmp_path / "image")) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"synclab: {tmp_path / 'image'}: no ")
