"""The papers' numbers: letter by letter as printed, and refused where the file is wrong."""

from pathlib import Path

import pytest
import yaml

from synclab.comparison.number import Number, read_number
from synclab.comparison.published import PUBLISHED, Published, read_published
from synclab.comparison.ranking import rank
from synclab.errors import UserError

SEEDS = Path(__file__).resolve().parent.parent.parent / "shared" / "seeds"
"""The papers' texts, where this machine has them."""

TABLES = read_published()
OF_STOCHSYNC = [f"stochsync_table{i}" for i in range(1, 8)]


def text(number: str) -> str:
    (path,) = SEEDS.glob(f"{number}*.txt")
    return path.read_text()


def printed(table: Published) -> list[str]:
    """A table's rows as the paper's text has them: cells between tabs, runners-up underlined."""
    columns = {name: [row.numbers[name] for row in table.rows.values()] for name in table.columns}
    marks = {name: rank(numbers, table.columns[name]) for name, numbers in columns.items()}

    def cell(name: str, i: int) -> str:
        number = columns[name][i]
        shown = number.show(table.columns[name].digits) if number else ""
        return f"<u>{shown}</u>" if marks[name][i] == "second" else shown

    if table.transposed:
        return [
            "\t".join([column.head(name), *(cell(name, i) for i in range(len(table.rows)))])
            for name, column in table.columns.items()
        ]
    return [
        "\t".join([name, *row.labels, *(cell(column, i) for column in table.columns)])
        for i, (name, row) in enumerate(table.rows.items())
    ]


@pytest.mark.skipif(not SEEDS.is_dir(), reason="the papers' texts are not on this machine")
def test_every_row_is_the_papers_and_our_marks_are_too():
    """All rows of Tables 1 to 7 with their underlined runners-up, and no row is left out."""
    ours = sorted(line for name in OF_STOCHSYNC for line in printed(TABLES[name]))
    theirs = [line for line in text("001").splitlines() if line.count("\t") > 2]
    heads = ("Method", "Metric", "Id", "\t")
    assert ours == sorted(line for line in theirs if not line.startswith(heads))


@pytest.mark.skipif(not SEEDS.is_dir(), reason="the papers' texts are not on this machine")
def test_user_studies_are_the_papers():
    paper = text("001")
    for row in TABLES["stochsync_users"].rows.values():
        number = row.numbers["Preferred"]
        assert number and number.show(2) + "%" in paper
        assert row.labels[0].replace(" of ", " out of ") in paper
    study = TABLES["syncdiffusion_users"].rows
    values = [study[name].numbers["Preferred"] for name in ("SyncDiffusion", "MultiDiffusion")]
    assert "{}% vs. {}%".format(*(value and value.show(2) for value in values)) in text("003")


@pytest.mark.parametrize("name", TABLES)
def test_every_table_says_where_it_is_from(name):
    table = TABLES[name]
    assert table.source and table.title and table.columns and table.rows
    assert all(list(row.numbers) == list(table.columns) for row in table.rows.values())


@pytest.mark.parametrize(
    ("entry", "number"),
    [
        (57.88, Number(57.88)),
        (3, Number(3.0)),
        ("0.72 ± 0.08", Number(0.72, 0.08)),
        (">1K", Number(1000.0, printed=">1K")),
        (None, None),
    ],
)
def test_numbers_are_read_as_printed(entry, number):
    assert read_number(entry) == number


@pytest.mark.parametrize("entry", ["57,88", "1e3x", "about 3", True, [3], "± 3"])
def test_what_is_no_number_is_refused(entry):
    with pytest.raises(ValueError, match="expected a number"):
        read_number(entry)


GOOD = {
    "paper": "Paper",
    "place": "Table 1",
    "source": "page 3",
    "recovered": "paper",
    "title": "A table",
    "n": 10,
    "columns": {"FID": {"better": "lower"}},
    "rows": {"SDS": [1.0]},
}


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"rows": {"SDS": [1.0, 2.0]}}, "t.rows.SDS: expected a list of 1 values: FID"),
        ({"rows": {"SDS": ["1,0"]}}, "t.rows.SDS: '1,0': expected a number"),
        ({"rows": {"SDS": 1.0}}, "t.rows.SDS: expected a list of 1 values"),
        (
            {"columns": {"FID": {"better": "left"}}},
            "t.columns.FID.better=left: choices: higher, lower",
        ),
        ({"columns": {"FID": {"better": "lower", "digit": 2}}}, "t.columns.FID.digit: no such key"),
        ({"columns": {"FID": {"better": "lower", "unit": "hours"}}}, "t.columns.FID.unit=hours: "),
        ({"columns": {"FID": "lower"}}, "t.columns.FID: expected keys and values"),
        ({"recovered": "memory"}, "t.recovered=memory: "),
        ({"titel": "A table"}, "t.titel: no such key; did you mean 'title'?"),
        ({"source": None}, "t.source=None"),
    ],
)
def test_a_wrong_table_is_refused_in_a_line_that_names_the_key(tmp_path, change, line):
    path = tmp_path / "published.yaml"
    path.write_text(yaml.safe_dump({"t": GOOD | change}))
    with pytest.raises(UserError) as refused:
        read_published(path)
    assert f"{path}: {line}" in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("body", ["- 1", "t: 3", "{", ""])
def test_another_file_is_refused(tmp_path, body):
    path = tmp_path / "published.yaml"
    path.write_text(body)
    with pytest.raises(UserError, match="published.yaml"):
        read_published(path)


def test_the_file_is_the_one_thing_that_results_keep():
    assert PUBLISHED.is_file()
    assert "!results/published.yaml" in (PUBLISHED.parent.parent / ".gitignore").read_text()


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (Number(9.28e-5, 1.87e-5), "9.3e-05 ± 1.9e-05"),
        (Number(9.28e-5, 0.006), "0.00 ± 0.01"),
        (Number(0.006, 0.001), "0.01 ± 0.00"),
        (Number(-0.004, 123.4), "-0.00 ± 123.40"),
        (Number(57.88 - 57.8799999999), "0.00"),
        (Number(0.0, 0.0), "0.00 ± 0.00"),
    ],
)
def test_a_number_is_not_shown_as_0_with_an_error_of_0(number: Number, shown: str) -> None:
    assert number.show(2) == shown
