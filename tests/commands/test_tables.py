"""Tables say what they show and what is missing, and lead to the samples behind each number."""

import csv
import io
import json
import re
import shlex
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from unittest import mock

import pytest
import yaml
from hydra import compose, initialize_config_dir
from score_files import score, scored, write_scores

from synclab import tables
from synclab.comparison import html, latex, markdown, records
from synclab.comparison.caption import about_seeds
from synclab.comparison.difference import difference, with_differences
from synclab.comparison.layout import read_layouts
from synclab.comparison.number import Number
from synclab.comparison.pairing import Pairing
from synclab.comparison.published import PrintedColumn
from synclab.comparison.ranking import rank
from synclab.comparison.scores import read_scores
from synclab.comparison.table import Cell, Table, build
from synclab.errors import UserError
from synclab.places import CONF

LAYOUTS = read_layouts()
LOWER, HIGHER = PrintedColumn(better="lower"), PrintedColumn(better="higher")


@pytest.mark.parametrize(
    ("values", "column", "marks"),
    [
        ([3, 1, 2], LOWER, "-bs"),
        ([3, 1, 2], HIGHER, "b-s"),
        ([1, 1, 2, 3], LOWER, "----"),
        ([1, 2, 2, 3], LOWER, "b---"),
        ([1, 1.001, 2], LOWER, "---"),  # equal as printed
        ([2, 2, 2], HIGHER, "---"),
        ([1, None, 2], LOWER, "b-s"),
        ([1, None], LOWER, "--"),  # alone
        ([], LOWER, ""),
    ],
)
def test_best_and_second(values, column, marks):
    numbers = [None if value is None else Number(value) for value in values]
    found = rank(numbers, column)
    assert "".join({None: "-", "best": "b", "second": "s"}[mark] for mark in found) == marks


@pytest.mark.parametrize(
    ("values", "marks"),
    [
        ([(1, 0.1), (2, 0.1), (3, 0.1)], "bs-"),
        ([(1, 0.8), (2, 0.8), (5, 0.1)], "---"),  # within hypot(0.8, 0.8) = 1.13
        ([(1, 0.6), (2, 0.7), (5, 0.1)], "bs-"),  # beyond hypot(0.6, 0.7) = 0.92
        ([(1, 0.1), (2, 0.8), (3, 0.8)], "b--"),
        ([(1, 0.1), (2, 0.1), (2.5, 9)], "---"),  # perhaps the third is best
        ([(1, None), (2, 0.5), (3, None)], "bs-"),
        ([(2.0, 0.0), (2.0, 0.0), (2.0, 0.0)], "---"),
        ([(1, 0.8), (1.5, 0.8)], "--"),
    ],
)
def test_no_mark_within_a_standard_error_of_the_difference(values, marks):
    found = rank([Number(*each) for each in values], LOWER)
    assert "".join({None: "-", "best": "b", "second": "s"}[mark] for mark in found) == marks


def test_a_bound_is_never_best():
    assert rank([Number(1000, printed=">1K"), Number(2000), Number(3000)], LOWER)[0] is None


def table(run: Path, name: str = "table1", protocol: str = "embedded") -> Table:
    layout = LAYOUTS[name]
    return build(Pairing(layout, read_scores(run, layout.task)[protocol]))


def cell(made: Table, row: str, column: str, source: str = "ours") -> Cell:
    (found,) = [c for c in made.columns if c.head[:-2] == column and c.source == source]
    return found.cells[list(made.published.rows).index(row)]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run without ISM and the baselines, SDI on fewer samples, StochSync without IS."""
    path = tmp_path / "results" / "first"
    stochsync = scored(20.0)
    stochsync["scores"]["is_1"] = score("is_1", None, reason="needs 3 images")
    methods = {"sds": scored(30.0), "sdi": scored(10.0, count=1), "stochsync": stochsync}
    write_scores(path, methods)
    return path


def test_ours_stand_beside_the_published_numbers(run):
    made = table(run)
    assert cell(made, "SDS", "FID", "published").text == "96.44"
    assert cell(made, "SDS", "FID").text == "30.00 ± 0.50"
    assert cell(made, "SDS", "FID").method == "sds"
    assert [cell(made, row, "FID").mark for row in ("SDS", "StochSync")] == ["second", "best"]


@pytest.mark.parametrize(("scale", "text"), [(1000, "30.00 ± 0.50"), (1, "30000.00 ± 500.00")])
def test_scores_are_scaled_like_the_papers_column(run, scale, text):
    body = scored(30.0)
    body["scores"]["giqa"]["scale"] = scale
    write_scores(run, {"sds": body})
    assert cell(table(run), "SDS", "GIQA").text == text


def test_runtime_is_printed_in_the_papers_unit(run):
    write_scores(run, {"paintit": scored(90.0)}, task="mesh")
    made = table(run, "table5")
    assert cell(made, "Paint-it", "Runtime (minutes)").text == "1.50 ± 0.02"


def test_scores_of_other_samples_never_share_a_column(run):
    """SDI was scored on one prompt and would look best."""
    made = table(run)
    assert cell(made, "SDI", "FID").text == "–"
    gap = made.notes[(cell(made, "SDI", "FID").note or 0) - 1]
    assert "SDI: scored on 1 samples, not on the 2 of this table" in gap.reason


def test_the_larger_of_two_equally_common_sets_is_shown(run):
    write_scores(run, {"sds": scored(30.0, count=3), "sdi": scored(10.0, count=2)})
    made = table(run)
    assert [cell(made, row, "FID").text == "–" for row in ("SDS", "SDI")] == [False, True]


def test_own_methods_have_rows_below_the_papers(run, command):
    write_scores(run, {"sds": scored(30.0), "ddim": scored(10.0), "mine": scored(20.0)})
    assert command(run, "tables=table1", "tables.extra=[ddim,mine,sds]") == (0, "")
    text = (run / "tables" / "table1.embedded.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    *_, ddim, mine = [[part.strip() for part in line.split("|")[1:-1]] for line in lines]
    assert (ddim[0], mine[0]) == ("ddim", "mine")
    assert "**10.00 ± 0.50**" in ddim and "<u>20.00 ± 0.50</u>" in mine
    assert sum(line.startswith("| SDS") for line in lines) == 1


def test_a_further_row_that_was_not_scored_is_refused(run, command):
    code, said = command(run, "tables=table1", "tables.extra=sdss")
    assert code == 1
    assert "tables.extra=sdss: not scored in" in said and "did you mean 'sds'?" in said


def test_a_plain_table_holds_our_numbers_only(run, command):
    assert command(run, "tables=table1", "tables.plain=true") == (0, "")
    for suffix in ("md", "tex", "html"):
        text = (run / "tables" / f"table1.embedded.plain.{suffix}").read_text(encoding="utf-8")
        assert "96.44" not in text and "published" not in text.lower()
        assert "MVDiffusion" not in text
        assert "30.00" in text and "StochSync" in text
        assert "synclab.run" not in text


def test_plain_is_true_or_false(run, command):
    code, said = command(run, "tables=table1", "tables.plain=perhaps")
    assert code == 1 and "tables.plain=perhaps: no such entry; choices: false, true" in said


def test_seconds_alone_are_underlined_in_html_and_wide_tables_scroll(run):
    page = html.render(table(run))
    assert "td a { color: #0645ad; text-decoration: none }" in page
    assert "<u>30.00" in page
    assert re.search(r'overflow-x: auto.*<div class="wide"[^>]*>\s*<table', page, re.DOTALL)


def test_differences_are_ours_less_the_published(run):
    made = with_differences(table(run))
    assert cell(made, "SDS", "FID", "difference").text == "-66.44 ± 0.50"
    assert cell(made, "SDS", "GIQA", "difference").text == "+12.10 ± 0.50"
    assert cell(made, "ISM", "FID", "difference").text == "–"
    heads = [column.head for column in made.columns if column.source == "difference"]
    assert heads == [column.head for column in table(run).columns if column.source == "ours"]


@pytest.mark.parametrize(
    ("ours", "published", "text"),
    [
        (Number(3, 3), Number(1, 4), "+2.0 ± 5.0"),
        (Number(1), Number(3), "-2.0"),
        (Number(1, 0.5), Number(1), "+0.0 ± 0.5"),
        (Number(5), Number(1000, printed=">1K"), "–"),
        (None, Number(1), "–"),
    ],
)
def test_errors_of_a_difference_are_independent(ours, published, text):
    assert difference(Cell("", ours), Cell("", published), digits=1).text == text


def test_a_profile_that_is_not_there_is_one_line():
    done = subprocess.run(
        ["make", "tables", "PROFILE=foo"], cwd=CONF.parent, capture_output=True, encoding="utf-8"
    )
    assert done.returncode
    assert done.stderr.count("\n") == 1
    assert "PROFILE=foo: no such profile; expected one of all, demo, embedded" in done.stderr


def test_protocols_have_tables_of_their_own(run, command):
    write_scores(run, {"sds": scored(5.0)}, protocol="embedded_world")
    code, _ = command(run, "tables=table1")
    names = {path.name for path in (run / "tables").iterdir()}
    assert code == 0
    assert names == {
        f"table1.{protocol}.{suffix}"
        for protocol in ("embedded", "embedded_world")
        for suffix in ("md", "tex", "html", "csv")
    }


def test_a_score_that_could_not_be_made_says_why(run):
    made = table(run)
    gap = made.notes[(cell(made, "StochSync", "IS").note or 0) - 1]
    assert gap.reason == "StochSync: no IS: needs 3 images"


def test_a_score_with_its_arrow_turned_is_refused(run):
    body = scored(30.0)
    body["scores"]["fid"]["better"] = "higher"
    write_scores(run, {"sds": body})
    with pytest.raises(UserError, match="fid: higher is better, lower in published.yaml"):
        table(run)


def gap_command(made: Table, row: str) -> list[str]:
    note = cell(made, row, "FID").note
    assert note
    return shlex.split(made.notes[note - 1].command or "")


def compose_command(words: list[str]):
    assert words[:3] == ["python", "-m", "synclab.run"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        overrides = [word for word in words[3:] if word != "-m"]
        return compose("config", overrides=overrides, return_hydra_config=True)


def test_a_gap_tells_the_command_that_made_its_neighbours(run):
    row = {"prior": "exact", "preset": "code", "prompts": "demo", "prompt": "a sea"}
    place = run / "panorama" / "sds" / "prompt-0-s0.json"
    place.parent.mkdir()
    place.write_text(json.dumps(row))
    words = gap_command(table(run), "ISM")
    config = compose_command(words)
    choices = config.hydra.runtime.choices
    assert [choices[k] for k in ("method", "task", "prior", "preset")] == [
        "ism", "panorama", "exact", "code",
    ]  # fmt: skip
    assert (config.prompts, config.seed, config.run) == ("demo", 0, "first")


def test_a_gap_of_the_demo_is_filled_by_the_demos_experiment(tmp_path):
    write_scores(tmp_path / "demo", {"stochsync": scored(1.0)})
    words = gap_command(table(tmp_path / "demo"), "ISM")
    assert words[3:5] == ["experiment=demo_inversion", "method=ism"]
    assert compose_command(words).method.steps == 50


def test_a_gap_without_neighbours_rows_tells_the_experiment(run):
    config = compose_command(gap_command(table(run), "ISM"))
    assert config.hydra.runtime.choices["experiment"] == "table1"
    assert config.hydra.runtime.choices["method"] == "ism"


def test_a_gap_of_a_baseline_tells_how_to_take_it_over(run):
    words = gap_command(table(run), "L-MAGIC")
    assert words[2:] == [
        "synclab.ingest", "lmagic", "FOLDER", "--run", "first", "--results", str(run.parent),
    ]  # fmt: skip


def test_a_gap_that_nothing_fills_has_no_command(run):
    write_scores(run, {"paintit": scored(90.0)}, task="mesh")
    layout = LAYOUTS["table5"].with_rows(["a_method_of_nobody"])
    made = build(Pairing(layout, read_scores(run, "mesh")["embedded"]))
    note = cell(made, "a_method_of_nobody", "Runtime (minutes)").note
    assert note and made.notes[note - 1].command is None


def test_several_seeds_are_a_sweep(run):
    body = scored(30.0) | {"samples": ["a-s0", "a-s10", "a-s9"], "seeds": [0, 9, 10]}
    write_scores(run, {"sds": body})
    words = gap_command(table(run), "ISM")
    assert "-m" in words[3:] and "seed=0,9,10" in words


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"published": "stochsync_table9"}, "published=stochsync_table9: no such entry; did you"),
        ({"taks": "panorama"}, "tables.t.taks: no such key; did you mean 'task'?"),
        ({"methods": "sds"}, "tables.t.methods=sds: "),
    ],
)
def test_a_wrong_layout_is_refused_in_a_line(tmp_path, change, line):
    path = tmp_path / "tables.yaml"
    entry = {"published": "stochsync_table1", "task": "panorama"} | change
    path.write_text(yaml.safe_dump({"scores": {}, "methods": {}, "tables": {"t": entry}}))
    with pytest.raises(UserError) as refused:
        read_layouts(path)
    assert line in str(refused.value)


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_row_is_a_method_or_a_baseline_that_there_is(name):
    layout = LAYOUTS[name]
    for row in layout.published.rows:
        method = layout.methods.get(row)
        places = [CONF / group / f"{method}.yaml" for group in ("method", "baseline")]
        assert method is None or any(path.is_file() for path in places)


UNPUBLISHED = {
    "ambiguous": "ambiguous",
    "edit": "edits",
    "masked": "masked",
    "mesh": "textures",
    "wide": "demo",
}
"""Prompts by task in place of those that a paper does not publish."""


@pytest.mark.parametrize("name", [name for name in LAYOUTS if name != "wide"])
def test_every_experiment_sweeps_its_tables_methods(name):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        overrides = [f"experiment={name}"]
        config = compose("config", overrides=overrides, return_hydra_config=True)
    rows = set(LAYOUTS[name].methods.values())
    ours = {row for row in rows if not (CONF / "baseline" / f"{row}.yaml").is_file()}
    assert set(config.hydra.sweeper.params.method.split(",")) == ours
    assert config.prompts == (LAYOUTS[name].prompts or UNPUBLISHED[LAYOUTS[name].task])


def test_the_demo_sweeps_the_rows_of_tables_1_and_2():
    swept = set()
    for path in (CONF / "experiment").glob("demo_*.yaml"):
        with initialize_config_dir(str(CONF), version_base="1.3"):
            overrides = [f"experiment={path.stem}"]
            config = compose("config", overrides=overrides, return_hydra_config=True)
        swept |= set(config.hydra.sweeper.params.method.split(","))
        assert (config.run, config.prompts) == ("demo", "demo_tables")
    wanted = {
        LAYOUTS[n].methods[r] for n in ("table1", "table2") for r in LAYOUTS[n].published.rows
    }
    assert swept == {name for name in wanted if (CONF / "method" / f"{name}.yaml").is_file()}


@pytest.fixture(params=["table1", "table2", "table3", "table4", "wide"])
def any_table(request, run) -> Table:
    """One with labels, with methods across, with a bound, and with rows that are none of ours."""
    write_scores(run, {"syncdiffusion": scored(1.0)}, task="wide")
    write_scores(run, {"synctweedies": scored(1.0), "stochsync": scored(2.0)}, task="mesh")
    return table(run, request.param)


def test_markdown_is_a_grid_whose_notes_are_there(any_table):
    text = markdown.render(any_table)
    rows = [re.split(r"(?<!\\)\|", line) for line in text.splitlines() if line.startswith("|")]
    assert len({len(row) for row in rows}) == 1
    names = set(re.findall(r"\[\^([\w-]+)\](?!:)", text))
    assert names == set(re.findall(r"^\[\^([\w-]+)\]:", text, re.MULTILINE))


def test_latex_is_a_grid_with_every_letter_written_out(any_table):
    text = latex.render(any_table)
    assert text.isascii()
    assert text.count("{") == text.count("}")
    body = text[text.index(r"\toprule") : text.index(r"\bottomrule")]
    wide = re.sub(r"\\multicolumn\{(\d)\}\{c\}", lambda m: "&" * (int(m[1]) - 1), body)
    counts = {line.count("&") for line in wide.splitlines() if line.endswith(r"\\")}
    columns = re.search(r"begin\{tabular\}\{(\w+)\}", text)
    assert columns and counts == {len(columns[1]) - 1}


def test_latex_shrinks_a_table_to_the_width_of_the_text(any_table):
    before, table = latex.render(any_table).split(r"\begin{tabular}")
    assert before.endswith(
        "\\resizebox{\\ifdim\\width>\\linewidth \\linewidth\\else\\width\\fi}{!}{%\n"
    )
    assert "\\end{tabular}}\n" in table


class Links(HTMLParser):
    """All anchors, targets and open tags of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.targets, self.anchors, self.open = [], set(), []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.targets += [value for name, value in attrs if name == "href"]
        self.anchors |= {value for name, value in attrs if name == "id"}
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert tag == "br" or self.open.pop() == tag


def test_html_leads_from_every_number_to_its_samples(any_table):
    page = Links(html.render(any_table).replace("<br>", ""))
    assert page.open == []
    inside = {target[1:] for target in page.targets if target.startswith("#")}
    assert inside and inside <= page.anchors
    outside = {target for target in page.targets if not target.startswith("#")}
    assert outside == {
        f"../{any_table.task}/{method}/{sample}.{suffix}"
        for method, own in any_table.pairing.shown.items()
        for sample in own["samples"]
        for suffix in ("png", "json")
    }


def test_addresses_of_samples_stay_as_they_are(run):
    text = html.body(table(run), lambda method: f"#method=%C3%A9+{method}&task=x")
    page = Links(text.replace("<br>", ""))
    assert "#method=%C3%A9+sds&task=x" in page.targets


def test_csv_has_every_cell_with_its_origin(any_table):
    lines = list(csv.DictReader(io.StringIO(records.render(any_table))))
    assert len(lines) == len(any_table.published.rows) * len(any_table.columns)
    for line in lines:
        assert line["from"] or line["gap"]
        assert bool(line["value"]) != bool(line["gap"])
        if line["source"] == "ours" and line["value"]:
            assert line["samples"] == "prompt-0-s0 prompt-1-s0" and line["protocol"] == "embedded"


def test_the_caption_tells_n_seeds_prior_protocol_and_noise_floor(run):
    text = " ".join(table(run).caption)
    for part in (
        "n = 1210",
        "n = 20 (2 prompts, 1 seed of each: 0)",
        "prior tiny;",
        "embedded version 1",
        "Reference: 20 images by prior tiny",
    ):
        assert part in text
    assert "FID 3.00 ± 0.50" in text and "clip_embedded" in text


@pytest.mark.parametrize(
    ("prompts", "said"),
    [(2, "2 seeds of each: 0, 7"), (3, "unequal numbers of seeds of each: 0, 7")],
)
def test_the_caption_tells_how_many_seeds_each_prompt_has(prompts, said):
    samples = ["a-s0", "a-s7", "b-s0", "b-s7"]
    assert about_seeds({"samples": samples, "prompts": prompts, "seeds": [0, 7]}) == said


def rewrite(run: Path, **changes: object) -> None:
    """Changes parts of the file of scores."""
    (path,) = run.rglob("scores.embedded.json")
    body = json.loads(path.read_text(encoding="utf-8")) | changes
    path.write_text(json.dumps(body), encoding="utf-8")


def test_the_floor_and_the_truth_are_rows_without_a_mark(run):
    rewrite(run, truth={"n": 20, "scores": {"fid": score("fid", 1.5)}})
    made = table(run)
    (fid,) = [c for c in made.columns if c.head[:-2] == "FID" and c.source == "ours"]
    assert made.rows[-2:] == ["floor", "truth"]
    assert [c.text for c in fid.cells[-2:]] == ["3.00 ± 0.50", "1.50 ± 0.50"]
    assert [c.mark for c in fid.cells[-2:]] == [None, None]
    assert cell(made, "StochSync", "FID").mark == "best"
    for render in (markdown.render, html.render, latex.render, records.render):
        assert "truth" in render(made)


def test_rows_of_the_same_prompts_are_ranked_by_their_paired_difference(run):
    methods = {"sds": scored(30.0, count=6), "stochsync": scored(20.0, count=6)}
    for own in methods.values():
        own["scores"]["fid"]["error"] = 8.0  # apart by 10, within hypot(8, 8)
    rewrite(run, methods=methods)
    assert cell(table(run), "StochSync", "FID").mark is None
    rewrite(run, paired={"sds - stochsync": {"fid": {"value": 10.0, "error": 6.0}}})
    made = table(run)
    assert cell(made, "StochSync", "FID").mark == "best"
    order = "StochSync before SDS by 10.00 ± 6.00 (95%)"
    assert f"Order of FID, paired over prompts (probability): {order}." in made.caption


def test_two_prompts_show_no_order(run):
    rewrite(run, paired={"sds - stochsync": {"fid": {"value": 10.0, "error": 1.0}}})
    told = [line for line in table(run).caption if "order of rows" in line and "show no" in line]
    assert told == ["2 prompts show no order of rows; at least 5 are needed for that."]


def test_the_caption_names_weights_that_were_not_verified(run):
    (path,) = run.rglob("scores.embedded.json")
    scores = json.loads(path.read_text(encoding="utf-8"))
    scores["protocol"]["identities"] = {
        "inception": "clean net.pt 0123456789ab (custom)",
        "coherence": "lpips 0.1 net.pth 0123456789ab",
    }
    path.write_text(json.dumps(scores), encoding="utf-8")
    warned = [line for line in table(run).caption if "not verified" in line]
    assert warned == [
        "Weights of inception not verified as the published ones:"
        " clean net.pt 0123456789ab (custom)."
    ]


@pytest.fixture
def command(capsys, monkeypatch, tmp_path):
    """`python -m synclab.tables ...` in a folder of its own: exit code and what it complains of."""
    monkeypatch.chdir(tmp_path)

    def call(*words: object) -> tuple[int, str]:
        with mock.patch.object(sys, "argv", ["synclab.tables", *map(str, words)]):
            code = tables.main()
        return code, capsys.readouterr().err

    return call


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["tables=table9"], "tables=table9: no such entry; did you mean 'table"),
        (["tables=table3"], "table3: no scores in results/first/mesh; python -m synclab.run"),
        (
            ["tables=table1", "eval=paper_panorama"],
            "eval=paper_panorama: no such entry; choices: em",
        ),
        (["tables=table1,table3"], "table3: no scores in results/first/mesh"),
    ],
)
def test_a_table_that_cannot_be_made_is_an_error(run, command, words, line):
    code, said = command("results/first", *words)
    assert code == 1 and said.count("\n") == 1 and f"synclab: {line}" in said
    assert (run / "tables" / "table1.embedded.md").exists() == ("tables=table1,table3" in words)


def test_a_table_none_of_whose_methods_is_scored_is_an_error(run, command):
    write_scores(run, {"ddim": scored(1.0)})
    code, said = command("results/first", "tables=table1")
    assert code == 1 and "table1: none of its methods is scored in" in said


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "3",
        "{}",
        '{"protocol": {}, "methods": {}}',
        '{"protocol": "name, version", "methods": {}}',
        '{"protocol": {"name": "embedded", "version": 1}, "methods": {"sds": {"n": 2}}}',
    ],
)
def test_another_file_of_scores_is_refused(run, command, body):
    (run / "panorama" / "scores.embedded.json").write_text(body)
    code, said = command("results/first", "tables=table1")
    assert code == 1 and "scores.embedded.json: not a score file" in said


def test_without_results_there_is_no_table(command):
    assert command() == (1, "synclab: results: no scores in it; run python -m synclab.evaluate"
                            " results/RUN/TASK first\n")  # fmt: skip


def test_a_run_makes_the_tables_of_its_own_prompts(run, command):
    code, said = command()
    assert code == 1 and "results/first: no scores on a paper's prompts" in said
    place = run / "panorama" / "stochsync" / "prompt-0-s0.json"
    place.parent.mkdir()
    place.write_text(json.dumps({"prompts": "lmagic", "preset": "fixed", "prior": "tiny"}))
    assert command()[0] == 0
    made = {path.name.split(".")[0] for path in (run / "tables").iterdir()}
    assert made == {"table6", "table7"}


def test_tables_import_no_torch():
    code = "import synclab.tables, sys; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=CONF.parent)
