"""A report's page shows the plots and tables of its results."""

import json
import sys
from html import unescape
from pathlib import Path

import browser
import pytest
from score_files import scored, write_scores
from test_plots import STRANGE, add_sample

from synclab.comparison.selection import tables_of
from synclab.viewers.page import write_page


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """A run with scores of three methods, and with a table of them."""
    run = tmp_path_factory.mktemp("parts") / "first"
    write_scores(run, {"sds": scored(30.0), "stochsync": scored(20.0), STRANGE: scored(1.0)})
    for method in ("sds", "stochsync", STRANGE):
        add_sample(run / "panorama", method, seconds={"denoiser": 2.0, "total": 2.0})
    (run / "tables").mkdir()
    (run / "tables" / "table1.embedded.html").touch()
    return run


@pytest.fixture(scope="module")
def page(run) -> Path:
    return write_page(run)


def data_of(page: Path) -> dict:
    text = page.with_name("data.js").read_text(encoding="utf-8")
    return json.loads(text.removeprefix("const REPORT = ").rstrip().removesuffix(";"))


def test_the_page_holds_every_plot_with_its_files(page):
    plots = data_of(page)["plots"]
    titles = [own["title"] for own in plots]
    assert titles == ["Scores by embedded", "Scores and costs by embedded", "Seconds by part"]
    for plot in plots:
        assert plot["task"] == "panorama" and plot["alt"]
        assert all((page.parent / f"{plot['file']}.{kind}").is_file() for kind in ("svg", "csv"))


def test_drawings_have_the_colours_of_the_page(page):
    for plot in data_of(page)["plots"]:
        assert plot["svg"].startswith("<svg ") and "currentColor" in plot["svg"]
        assert "#000000" not in plot["svg"] and "#ffffff" not in plot["svg"]


def test_the_page_holds_the_tables_that_were_made(page):
    (table,) = data_of(page)["tables"]
    assert table["name"] == "table1, embedded"
    assert 'href="#task=panorama&amp;method=sds"' in table["html"]
    assert "30.00 ± 0.50" in table["html"] and "n = 20 (2 prompts" in table["html"]
    assert "-66.44 ± 0.50" in table["html"]  # 96.44 was published


def test_without_matplotlib_the_page_has_no_plots_and_a_line_says_so(tmp_path, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    add_sample(tmp_path / "run" / "image", "ddim", seconds={"denoiser": 2.0, "total": 2.0})
    data = data_of(write_page(tmp_path / "run"))
    assert len(data["samples"]) == 1 and not data["plots"]
    assert "the page lacks plots: matplotlib is not installed" in caplog.text


def test_a_damaged_file_of_scores_is_named_and_the_page_is_made(tmp_path, caplog):
    path = write_scores(tmp_path / "run", {"sds": scored(30.0)})
    path.write_text("{", encoding="utf-8")
    for task in ("panorama", "image"):
        add_sample(path.parents[1] / task, "sds", seconds={"denoiser": 2.0, "total": 2.0})
    plots = data_of(write_page(tmp_path / "run"))["plots"]
    assert [own["task"] for own in plots] == ["image"]
    assert f"the page lacks plots: {path}: not a score file" in caplog.text
    assert f"the page lacks tables: {path}: not a score file" in caplog.text


def test_a_table_of_other_prompts_is_not_shown_unless_it_was_made(tmp_path):
    write_scores(tmp_path, {"sds": scored(30.0), "stochsync": scored(20.0)})
    assert not list(tables_of(tmp_path, "panorama"))
    asked = {"prior": "tiny", "preset": "fixed", "prompts": "panfusion"}
    add_sample(tmp_path / "panorama", "sds", "prompt-0-s0", **asked)
    names = [own.name for own in tables_of(tmp_path, "panorama")]
    assert "table1" in names and "table6" not in names  # table6 has the prompts of L-MAGIC


VISIT = """
const answer = { parts: [...by("parts").children].map((own) => own.textContent) };
const press = (name) => [...by("parts").children].find((own) => own.textContent === name).click();
press("plots");
const drawings = [...document.querySelectorAll(".plots svg")];
answer.plots = drawings.map((own) => own.getAttribute("aria-label"));
answer.wide = drawings.map((own) => own.getBoundingClientRect().width);
answer.texts = drawings.flatMap((own) => [...own.querySelectorAll("text")]);
answer.texts = answer.texts.map((own) => own.textContent.trim());
answer.address = location.hash;
press("tables");
answer.focused = document.activeElement.textContent;
const wide = document.querySelector(".wide");
answer.scrolls = [wide.tabIndex, getComputedStyle(wide).overflowX];
answer.page = document.documentElement.scrollWidth <= innerWidth;
location.hash = document.querySelector("td a[href*=method]").hash;
onhashchange();
answer.part = part;
answer.cards = document.querySelectorAll(".card").length;
answer.heading = document.querySelector("section h2").textContent;
answer.label = document.querySelector(".card span span").textContent;
answer.title = document.title;
by("answer").textContent = JSON.stringify(answer);
"""


@pytest.mark.skipif(not browser.CHROMIUM, reason="apt-get install chromium")
@pytest.mark.slow
def test_plots_and_tables_are_reached_by_buttons_and_lead_to_samples(page):
    answer = json.loads(unescape(browser.run(page, VISIT)))
    assert answer["parts"] == ["samples", "plots", "tables"]
    assert all(label and ". " in label for label in answer["plots"]) and len(answer["plots"]) == 3
    assert min(answer["wide"]) > 200
    assert STRANGE in answer["texts"] and answer["title"].startswith("synclab")
    assert answer["address"] == "#part=plots" and answer["focused"] == "tables"
    assert answer["scrolls"] == [0, "auto"] and answer["page"]
    assert answer["part"] == "samples" and answer["cards"] == 1
    assert answer["heading"] in ("sds panorama", "stochsync panorama") and answer["label"] == "sea"
