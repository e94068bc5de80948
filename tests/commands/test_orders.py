"""Which of the papers' orders hold: every two rows, paired over prompts."""

from dataclasses import replace
from pathlib import Path

import pytest
from score_files import scored, write_scores

from synclab import tables
from synclab.comparison.layout import read_layouts
from synclab.comparison.number import Number
from synclab.comparison.pairing import Pairing
from synclab.comparison.published_orders import PublishedOrder, published_orders, tally
from synclab.comparison.scores import read_scores

LAYOUT = read_layouts()["table1"]


@pytest.mark.parametrize(
    ("gap", "error", "verdict"),
    [
        (20.0, 10.0, "holds"),
        (-20.0, 10.0, "reversed"),
        (19.0, 10.0, "open"),
        (1.0, 0.6, "absent"),  # 2.2 of 10 is less than half of 50 of 100
        (-1.0, 0.6, "absent"),
        (1.0, 0.8, "open"),  # 2.6 of 10 is more
    ],
)
def test_the_error_decides_what_an_order_is_worth(gap, error, verdict):
    printed, ours = (Number(75.0), Number(125.0)), (Number(10.0), Number(10.0))
    assert PublishedOrder(("A", "B"), printed, ours, Number(gap, error)).verdict == verdict


def test_gaps_are_compared_as_shares():
    """A judge whose numbers are ten times as large comes to the same verdict."""
    ours = Number(10.0), Number(10.0)
    for factor in (1, 10):
        printed = Number(7.5 * factor), Number(12.5 * factor)
        assert PublishedOrder(("A", "B"), printed, ours, Number(1.0, 0.6)).verdict == "absent"


def pairing(run: Path, error: float | None = 4.0, prompts: int = 6, plain: bool = False) -> Pairing:
    """SDS, ISM and StochSync with FIDs of 30, 50 and 20; the paper has 96.44, 114.32 and 57.88."""
    methods = {
        name: scored(fid, count=prompts)
        for name, fid in {"sds": 30.0, "ism": 50.0, "stochsync": 20.0}.items()
    }
    entry = {column: {"value": 0.0, "error": error} for column in ("fid", "clip_embedded")}
    pairs = ("sds - ism", "sds - stochsync", "ism - stochsync")
    write_scores(run, methods, paired=dict.fromkeys(pairs, entry))
    return Pairing(LAYOUT, read_scores(run, "panorama")["embedded"], plain)


def test_the_papers_better_row_is_first_and_a_positive_gap_agrees_with_it(tmp_path):
    orders = published_orders(pairing(tmp_path))["FID"]
    assert [order.rows for order in orders] == [
        ("StochSync", "SDS"),
        ("StochSync", "ISM"),
        ("SDS", "ISM"),
    ]
    assert [order.gap.value for order in orders] == [10.0, 30.0, 20.0]
    assert [order.verdict for order in orders] == ["holds"] * 3


def test_where_higher_is_better_the_signs_turn(tmp_path):
    first, *_ = published_orders(pairing(tmp_path))["CLIP"]
    assert first.printed[0].value > first.printed[1].value
    assert first.gap.value == first.ours[0].value - first.ours[1].value


@pytest.mark.parametrize(
    "changes", [{"prompts": 4}, {"plain": True}, {"error": None}],
    ids=["too few prompts", "our numbers only", "no error"],
)  # fmt: skip
def test_there_may_be_nothing_to_say(changes, tmp_path):
    assert published_orders(pairing(tmp_path, **changes)) == {}


def test_equal_and_bounded_numbers_of_the_paper_have_no_order(tmp_path):
    printed, rows = LAYOUT.published, dict(LAYOUT.published.rows)
    for row, number in (("SDS", Number(57.88)), ("ISM", Number(1000.0, printed=">1K"))):
        rows[row] = replace(rows[row], numbers={**rows[row].numbers, "FID": number})
    layout = replace(LAYOUT, published=replace(printed, rows=rows))
    found = published_orders(replace(pairing(tmp_path), layout=layout))
    assert "FID" not in found and "CLIP" in found


def test_what_holds_is_counted():
    verdicts = {"holds": 20.0, "reversed": -20.0, "open": 1.0}
    pair = Number(1.0), Number(1.1)
    orders = [PublishedOrder(("A", "B"), pair, pair, Number(v, 9.0)) for v in verdicts.values()]
    assert tally(orders) == "1 of 3 hold, 1 reversed, 1 open"
    assert tally(orders[:1]) == "1 of 1 hold"


def test_a_list_is_written_beside_the_table_and_the_caption_sums_it_up(tmp_path, caplog):
    caplog.set_level("INFO")
    pairing(tmp_path)
    assert list(tables.make_tables(tmp_path, tables.Wanted(["table1"]))) == []
    text = (tmp_path / "tables" / "table1.embedded.orders.md").read_text(encoding="utf-8")
    assert "| SDS | ISM | 96.44, 114.32 | 30.00, 50.00 | 20.00 ± 4.00 | holds |" in text
    assert "Pairs of rows in the paper's order: FID 3 of 3 hold" in caplog.text


def test_without_orders_there_is_no_list(tmp_path):
    pairing(tmp_path, prompts=2)
    assert list(tables.make_tables(tmp_path, tables.Wanted(["table1"]))) == []
    assert not list(tmp_path.glob("tables/*.orders.md"))
