"""The rate of a folder is the clock's: what status shows of it, and of several."""

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest

from synclab.store.progress import interval, progress, total


def steps(*gaps: float) -> list[float]:
    """Times that lie so far apart."""
    times = [1000.0]
    for gap in gaps:
        times.append(times[-1] + gap)
    return times


@pytest.mark.parametrize(
    ("gaps", "seconds", "mean"),
    [
        ([10] * 40, 10.0, 10),
        ([10] * 40, 0.003, 10),  # what is not measured within a row takes its time too
        ([2.5] * 40, 10.0, 2.5),  # four processes
        ([0, 0, 0, 0, 0, 0, 0, 80] * 6, 10.0, 10),  # batches of eight
        ([0] * 31 + [320], 10.0, 10),  # one batch after another, of 32
        ([10] * 20 + [3600] + [10] * 20, 10.0, 10),  # a pause
        ([10, 12, 9, 36000, 11, 90000, 8, 10, 7200, 10], 0.01, 10),  # three
        ([10, 3600], 10.0, 10),
        ([10], 10.0, 10),
        ([9, 11, 10, 30, 10, 9, 11], 10.0, 90 / 7),  # a long sample is no pause
        ([0.0005] * 40, 10.0, 10),  # a copied folder
    ],
)
def test_the_interval_is_the_clocks_without_pauses(gaps, seconds, mean):
    times = steps(*gaps)
    assert interval(times, [seconds] * len(times)) == pytest.approx(mean, rel=0.03)


def test_a_first_sample_has_only_its_own_seconds():
    assert interval([1000.0], [12.0]) == 12.0
    assert interval([], []) is None


def make(folder: Path, done: int, wanted: int, gap: float, seconds: float = 0.003) -> Path:
    """A folder with samples that came `gap` seconds apart."""
    folder.mkdir(parents=True)
    names = [f"p{i}-s0" for i in range(wanted)]
    for i, name in enumerate(names[:done]):
        (folder / f"{name}.png").touch()
        row = folder / f"{name}.json"
        row.write_text(json.dumps({"seconds": {"total": seconds}}), encoding="utf-8")
        os.utime(row, (1e9 + gap * i, 1e9 + gap * i))
    body = {"wanted": names, "failures": {}}
    (folder / "status.json").write_text(json.dumps(body), encoding="utf-8")
    return folder


def test_the_time_left_is_that_of_the_clock(tmp_path):
    """Rows that record near nothing: 59 of 1,000, a sample every ten seconds."""
    found = progress(make(tmp_path / "ddim", 59, 1000, 10))
    assert found.per_hour == pytest.approx(360)
    assert found.left == timedelta(seconds=9410)


def test_folders_have_a_total(tmp_path):
    folders = [make(tmp_path / "a", 5, 10, 10), make(tmp_path / "b", 5, 20, 2)]
    cells = total([progress(folder) for folder in folders])
    assert cells == ("total", "10", "0", "0", "20", "–", "–", "0:01:20", "")


def test_a_total_is_unknown_where_a_part_is(tmp_path):
    folders = [make(tmp_path / "a", 5, 10, 10), make(tmp_path / "b", 0, 20, 2)]
    assert total([progress(folder) for folder in folders])[7] == "–"


def test_what_is_done_has_no_time_left(tmp_path):
    assert progress(make(tmp_path / "a", 5, 5, 10)).left == timedelta()


def test_status_shows_the_total_of_several_folders(tmp_path, monkeypatch, caplog):
    from synclab import status

    make(tmp_path / "a", 5, 10, 10)
    make(tmp_path / "b", 5, 20, 2)
    for words, last in ((["a"], "a"), (["a", "b"], "total")):
        caplog.clear()
        monkeypatch.setattr("sys.argv", ["synclab status", *(f"{tmp_path}/{w}" for w in words)])
        with caplog.at_level("INFO"):
            assert status.main() == 0
        assert caplog.messages[-1].split()[0].endswith(last)
