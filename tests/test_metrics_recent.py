"""Metrics of recent papers: CMMD, discontinuity score, OmniFID and sFID, against their formulas."""

from pathlib import Path
from typing import Any

import metric_inputs as inputs
import numpy as np
import pytest
import torch

from synclab.errors import UserError
from synclab.judges.quality import QualityJudge, spatial
from synclab.metrics.columns import OmniFID
from synclab.metrics.extractors import Cut
from synclab.metrics.extractors.cube import FACES, faces, grouped
from synclab.metrics.extractors.seams import Discontinuities
from synclab.metrics.features import Measured
from synclab.metrics.formulas.cmmd import embedding_discrepancy
from synclab.metrics.formulas.discontinuity import discontinuity
from synclab.metrics.formulas.fid import frechet_distance
from synclab.store.pictures import Picture

X, Y = inputs.features(20, 16, 1, shift=0.3), inputs.features(15, 16, 2)


# --- CMMD ---


def direct_discrepancy(x: np.ndarray, y: np.ndarray) -> float:
    def kernel(a: np.ndarray, b: np.ndarray) -> float:
        gap = a / np.sqrt(a @ a) - b / np.sqrt(b @ b)
        return float(np.exp(-(gap @ gap) / 200))

    means = [np.mean([kernel(a, b) for a in p for b in q]) for p, q in ((x, x), (y, y), (x, y))]
    return float(means[0] + means[1] - 2 * means[2])


def test_cmmd_is_the_definition() -> None:
    expected = direct_discrepancy(X, Y)
    assert embedding_discrepancy(X, Y) == pytest.approx(expected, rel=1e-9, abs=1e-13)


def test_cmmd_ignores_the_length_of_embeddings() -> None:
    assert embedding_discrepancy(3 * X, Y) == pytest.approx(embedding_discrepancy(X, Y), rel=1e-9)


def test_cmmd_of_a_set_with_itself_is_zero() -> None:
    assert embedding_discrepancy(X, X) == pytest.approx(0, abs=1e-12)


# --- Discontinuity score ---


def smooth() -> torch.Tensor:
    """A closed picture (3, 32, 64) of gentle waves."""
    across = torch.linspace(0, 2 * torch.pi, 65)[:-1]
    down = torch.linspace(0, 1, 32)[:, None]
    return (0.5 + 0.08 * (across + 3 * down).sin() * down.cos()).expand(3, 32, 64)


def direct_discontinuity(image: torch.Tensor, border: int) -> float:
    """Row by row; rows beyond the edge repeat the last one."""
    grey = (image * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(0).double().numpy()
    height, width = grey.shape

    def slope(y: int, x: int) -> float:
        rows = [min(max(y + step, 0), height - 1) for step in (-1, 0, 1)]
        gaps = [grey[row, (x + 1) % width] - grey[row, (x - 1) % width] for row in rows]
        return abs(3 * gaps[0] + 10 * gaps[1] + 3 * gaps[2]) / 16

    total = 0.0
    for y in range(height):
        a1, a2, a3, a4 = (slope(y, border + step) for step in (-2, -1, 0, 1))
        total += (a2 / (a1 + 0.1) + a3 / (a4 + 0.1)) / 2
    return total / height


@pytest.mark.parametrize("border", [0, 20, 62])
def test_the_discontinuity_score_is_the_definition(border: int) -> None:
    image = torch.rand(3, 8, 64, generator=torch.Generator().manual_seed(0))
    expected = direct_discontinuity(image, border)
    assert discontinuity(image, [border]) == pytest.approx(expected, rel=1e-6)


def test_a_step_at_the_border_raises_the_discontinuity_score() -> None:
    stepped = smooth().clone()
    stepped[..., 20:40] += 0.4
    assert discontinuity(smooth(), [20]) == pytest.approx(0.07, abs=0.02)
    assert discontinuity(stepped, [20]) == pytest.approx(3.75, abs=0.2)
    assert discontinuity(stepped, [40]) == pytest.approx(3.75, abs=0.2)


@pytest.mark.parametrize("away", [-2, 2])
def test_a_step_two_columns_away_is_not_at_the_border(away: int) -> None:
    stepped = smooth().clone()
    stepped[..., 20:40] += 0.4
    assert discontinuity(stepped, [20 + away]) < 0.2


def test_a_panorama_is_scored_at_its_ends_and_at_view_borders() -> None:
    stepped = smooth().clone()
    stepped[..., :32] += 0.4  # a step at column 0 and one at column 32
    cut = Cut((stepped * 255).round().byte(), torch.empty(0), "")
    found = Discontinuities(every=1.0)(cut)
    assert found["border"].item() > 3 and found["views"].item() > 3
    assert Discontinuities(every=0.75)(cut)["views"].item() < 2


# --- OmniFID ---


def panoramas(count: int, seed: int, **facts: Any) -> Measured:
    """Features of cube faces, of one panorama a prompt, whose rows have these facts."""
    features = [inputs.features(6, 4, 50 * seed + i) for i in range(count)]
    rows = [{"id": f"p{i}", "prompt": f"p{i}", "seed": 0} for i in range(count)]
    pictures = tuple(Picture(Path(row["id"]), row | facts) for row in rows)
    return Measured(pictures, tuple({"faces": grouped(own)} for own in features))


def test_omnifid_is_the_mean_over_up_down_and_sides() -> None:
    x, y = panoramas(8, 1), panoramas(8, 2)
    fids = [frechet_distance(x.matrix(f"faces.{f}"), y.matrix(f"faces.{f}")) for f in FACES]
    assert OmniFID(of="faces").value(x, y) == pytest.approx(np.mean(fids))
    assert [x.matrix(f"faces.{f}").shape[0] for f in FACES] == [8, 8, 32]


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"config": {"task": {"cover": "ring"}}}, "p0 has task.cover=ring.*task.cover=sphere"),
        ({"latitude": 42.54}, "p0 was imported with 42.54 degrees above and below the horizon"),
    ],
)
def test_omnifid_refuses_panoramas_without_poles(facts: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=f"omnifid: {message}"):
        OmniFID(of="faces").value(panoramas(8, 1, **facts), panoramas(8, 2))
    whole = panoramas(8, 1, config={"task": {"cover": "sphere"}}, latitude=90)
    assert OmniFID(of="faces").value(whole, panoramas(8, 2)) > 0


def test_cube_faces_look_up_down_and_around() -> None:
    rows = torch.linspace(0, 255, 32).byte()[:, None]  # dark above, bright below
    up, down, *sides = faces(rows.expand(3, 32, 64), 16).float().mean((1, 2, 3)).tolist()
    assert up < 70 and down > 185 and len(sides) == 4
    assert sides == pytest.approx([127] * 4, abs=2)


# --- sFID ---


def test_spatial_features_tell_where_things_are() -> None:
    image = torch.zeros(1, 3, 128, 128)
    image[..., :64] = 1
    network = QualityJudge().eval()
    with torch.no_grad():
        left, right = (spatial(network.layers(x)) for x in (image, image.flip(-1)))
    assert left.shape == (1, 448)
    assert (left - right).abs().max() > 0.05
