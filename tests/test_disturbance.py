"""Disturbance curves: planted faults, what the record says, and a slice of it made anew."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from scripts.embedded.judges.curves import INDEPENDENT, NONE, Row, curve, gap, read, sees, write
from scripts.embedded.judges.disturbance import measure_all, prepare
from scripts.embedded.judges.planted import DISTURBANCES
from synclab import world
from synclab.judges.quality import FAULTS, FOLDER
from synclab.metrics.formulas.discontinuity import discontinuity

CURVES = read(FOLDER / "disturbance.csv")
SLICE = Path(__file__).parent / "data" / "disturbance_slice.csv"
PROMPTS = ["a forest at dawn", "a library"]


@pytest.fixture(scope="module")
def panoramas() -> torch.Tensor:
    scenes = world.sample_scenes(2, torch.Generator().manual_seed(3), "city", "day")
    return world.render_panorama(scenes, 160, 320)[0]


def planted(name: str, panoramas: torch.Tensor, amount: float) -> torch.Tensor:
    return DISTURBANCES[name].plant(panoramas, amount, torch.Generator().manual_seed(0))


# --- Planted faults ---


@pytest.mark.parametrize("name", [name for name in DISTURBANCES if name != "jpeg"])
def test_no_amount_of_a_fault_changes_nothing(name: str, panoramas: torch.Tensor) -> None:
    torch.testing.assert_close(planted(name, panoramas, 0), panoramas, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", DISTURBANCES)
def test_more_of_a_fault_changes_more(name: str, panoramas: torch.Tensor) -> None:
    amounts = DISTURBANCES[name].amounts
    changes = [float((planted(name, panoramas, a) - panoramas).abs().mean()) for a in amounts]
    assert changes[0] > 0 and sorted(changes) == changes


def test_seams_lie_at_the_borders_of_views_and_nowhere_else(panoramas: torch.Tensor) -> None:
    seams = planted("seam", panoramas, 1.0)
    borders, inside = [32 * k for k in range(10)], [32 * k + 16 for k in range(10)]
    before, after = (discontinuity(image[0], borders) for image in (panoramas, seams))
    assert after > 2 * before
    plain = discontinuity(panoramas[0], inside)
    assert discontinuity(seams[0], inside) == pytest.approx(plain, rel=0.2)


def test_three_faults_are_not_in_the_judges_training() -> None:
    unknown = {name for name, each in DISTURBANCES.items() if not each.trained}
    assert len(unknown) >= 3 and not unknown & set(FAULTS)
    assert {name for name, each in DISTURBANCES.items() if each.trained} == set(FAULTS)


# --- What a curve tells ---


def rows(values: list[float], independent: float = 1.0) -> list[Row]:
    points = [(NONE, 0.0, values[0]), (INDEPENDENT, 0.0, independent)]
    points += [("blur", float(amount), value) for amount, value in enumerate(values[1:], 1)]
    return [Row(fault, amount, "fid", value) for fault, amount, value in points]


def test_a_column_sees_a_fault_if_it_grows_by_more_than_the_gap_of_coherence() -> None:
    assert gap(rows([2, 3]), "fid") == 1
    assert sees(rows([2.0, 2.5, 3.5]), "blur", "fid")
    assert not sees(rows([2.0, 2.5, 2.9]), "blur", "fid")  # less than the gap
    assert not sees(rows([2.0, 5.0, 4.9]), "blur", "fid")  # falls at the last step


def test_curves_come_back_from_their_file(tmp_path: Path) -> None:
    write(rows([2.0, 3.0]), tmp_path / "curves.csv")
    assert read(tmp_path / "curves.csv") == rows([2.0, 3.0])


# --- The curves on record ---

SEEN = {
    "fid_truth": ("blur", "noise", "contrast", "palette", "paste", "field of view"),
    "kid_prompts_truth": ("blur", "ghost", "noise", "contrast", "palette", "paste"),
    "sfid_truth": ("blur", "seam", "ghost", "noise", "contrast", "palette", "paste"),
    "giqa": ("blur", "noise", "contrast", "palette", "paste"),
    "ds_views": ("seam", "mirror", "field of view"),
    "seam_views": ("seam", "mirror", "field of view"),
}
"""What each column should see; the faults that are not here are among the limits of the card."""


def test_the_record_has_every_fault_at_every_amount() -> None:
    for name, each in DISTURBANCES.items():
        assert [amount for amount, _ in curve(CURVES, name, "fid_truth")] == [0, *each.amounts]


@pytest.mark.parametrize(
    ("column", "fault"), [(column, fault) for column, faults in SEEN.items() for fault in faults]
)
def test_a_column_that_should_see_a_fault_sees_it(column: str, fault: str) -> None:
    assert sees(CURVES, fault, column)


KEPT = ("noise", "seam")


def made(folder: Path) -> list[Row]:
    """Two small panoramas with noise and seams; `write(made(folder), SLICE)` renews the record."""
    asked = {n: replace(DISTURBANCES[n], amounts=(DISTURBANCES[n].amounts[-1],)) for n in KEPT}
    return measure_all(prepare(folder, PROMPTS, height=64), asked)


def test_a_slice_of_the_curves_is_what_it_was(tmp_path: Path) -> None:
    with torch.no_grad():
        found = made(tmp_path)
    for new, old in zip(found, read(SLICE), strict=True):
        assert (new.fault, new.amount, new.column) == (old.fault, old.amount, old.column)
        assert new.value == pytest.approx(old.value, rel=0.02, abs=0.02), new
