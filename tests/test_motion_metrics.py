"""Scores of motions: smoothness of passages, sliding feet, and the judge of motions."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from synclab.errors import UserError
from synclab.metrics.columns import AreaUnderJerk, PeakJerk, RPrecision
from synclab.metrics.extractors import Cut
from synclab.metrics.extractors.motions import MotionEmbeddings, MotionPassages
from synclab.metrics.features import Measured
from synclab.metrics.formulas.motion import (
    area_under_jerk,
    foot_skate,
    jerk,
    largest_step,
    peak_jerk,
)
from synclab.metrics.motion_reference import WorldMotions
from synclab.metrics.motion_views import MotionSegments
from synclab.metrics.protocol import read_protocol
from synclab.metrics.scoring import score
from synclab.store.pictures import Picture, UnusableError
from synclab.world.motion import REQUESTS, Request, draw_sequence, plain

PROMPT = "walk | turn left | sit down"


def path_of(joint: int, places: np.ndarray, frames: int = 40) -> np.ndarray:
    """A motion (F, 22, 3) of one joint; the others stay at the origin."""
    joints = np.zeros((frames, 22, 3))
    joints[:, joint] = places
    return joints


def true_motion(seed: int = 0) -> torch.Tensor:
    requests = [Request("walk"), Request("turn left"), Request("sit")]
    return draw_sequence(requests, np.random.default_rng(seed))[:-1]


# ----------------------------------------------------------------------------------------- formulas


def test_jerk_is_the_third_difference_summed_over_axes_of_the_worst_joint() -> None:
    time = np.arange(40.0)
    cubic = np.stack([time**3 / 6, -2 * time**3 / 6, 0 * time], 1)
    joints = path_of(5, cubic) + path_of(7, cubic / 2)
    np.testing.assert_allclose(jerk(joints), 3.0)


def test_constant_acceleration_has_no_jerk() -> None:
    time = np.arange(40.0)
    joints = path_of(3, np.stack([time**2, time, 0 * time], 1))
    np.testing.assert_allclose(jerk(joints), 0, atol=1e-10)


def test_jerk_is_found_where_the_motion_breaks() -> None:
    step = (np.arange(40) >= 20).astype(float)
    curve = jerk(path_of(9, np.stack([step, 0 * step, 0 * step], 1)))
    assert len(curve) == 40
    assert curve.nonzero()[0].tolist() == [18, 19, 20] and curve.max() == 2


def test_the_peak_is_that_of_the_mean_curve() -> None:
    curves = np.array([[0.0, 4.0, 0.0], [0.0, 0.0, 6.0]])
    assert peak_jerk(curves) == 3.0


def test_the_area_sums_deviations_from_the_truths_mean() -> None:
    true = np.array([[1.0, 3.0]])
    assert area_under_jerk(np.array([[2.0, 2.0, 2.0]]), true) == 0.0
    assert area_under_jerk(np.array([[5.0, 1.0, 2.0], [5.0, 1.0, 2.0]]), true) == 4.0


def test_the_largest_step_is_the_mean_over_joints_of_the_worst_frame() -> None:
    joints = np.zeros((10, 22, 3))
    joints[5:, :, 2] = 0.3
    joints[7:, :11, 0] += 0.2
    assert largest_step(joints) == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("height", "speed", "part"), [(0.02, 0.03, 0.5), (0.02, 0.02, 0.0), (0.06, 0.03, 0.0)]
)
def test_a_foot_skates_where_it_slides_on_the_ground(height: float, speed: float, part: float):
    joints = np.zeros((30, 22, 3))
    joints[:, 10, 0] = speed * np.arange(30)
    joints[:, 10, 1] = height
    assert foot_skate(joints) == pytest.approx(part)


# ------------------------------------------------------------------------------- segments and truth


def test_a_motion_is_cut_into_its_segments() -> None:
    joints = true_motion()
    views = MotionSegments().cut(joints, {})
    assert views.shape == (3, 120, 22, 3)
    assert torch.equal(views[1], joints[90:210])


@pytest.mark.parametrize("frames", [119, 270, 301])
def test_a_motion_of_other_segments_is_left_out(frames: int) -> None:
    with pytest.raises(UnusableError, match=f"it has {frames} frames"):
        MotionSegments().cut(torch.zeros(frames, 22, 3), {})


def test_true_motions_are_drawn_once_and_shared_by_no_other_source(tmp_path: Path) -> None:
    first, again = (WorldMotions(1).pictures(tmp_path, [PROMPT]) for _ in range(2))
    other = WorldMotions(1, name="truth", path="truth").pictures(tmp_path, [PROMPT])
    assert [own.id for own in first] == [own.id for own in again] and len(first) == 2
    cutter = MotionSegments()
    motions = [cutter.source(own) for own in (*first, *other)]
    assert all(own.shape == (300, 22, 3) for own in motions)
    assert not any(torch.equal(a, b) for a in motions[:2] for b in motions[2:])


def test_a_text_that_asks_for_no_motion_has_no_truth() -> None:
    with pytest.raises(UserError, match="'a sea' names none of the world's motions"):
        WorldMotions(1).requests("walk | a sea")


def test_one_text_asks_for_the_same_in_every_segment() -> None:
    assert WorldMotions(1).requests("run quickly") == 3 * (Request("run", "quick"),)


def test_a_picture_without_joints_is_left_out(tmp_path: Path) -> None:
    picture = Picture(tmp_path / "a-s0.png", {"id": "a-s0", "prompt": "walk"})
    with pytest.raises(UnusableError, match="it has no joints"):
        MotionSegments().source(picture)


# ----------------------------------------------------------------------------------------- protocol


@pytest.fixture(scope="module")
def embeddings() -> MotionEmbeddings:
    return MotionEmbeddings()


def cut_of(joints: torch.Tensor, prompt: str = PROMPT) -> Cut:
    return Cut(joints, MotionSegments().cut(joints, {}), prompt)


def test_the_judge_knows_what_true_motions_do(embeddings: MotionEmbeddings) -> None:
    ranks = [embeddings(cut_of(true_motion(seed)))["rank"] for seed in range(3)]
    assert np.concatenate(ranks).max() == 0


def test_the_judge_hears_a_wrong_text(embeddings: MotionEmbeddings) -> None:
    ranks = embeddings(cut_of(true_motion(), "jump | wave | run"))["rank"]
    assert ranks.min() > 0


def test_the_judge_tells_all_requests_apart(embeddings: MotionEmbeddings) -> None:
    texts = embeddings.network.text([plain(own) for own in REQUESTS])
    unit = torch.nn.functional.normalize(texts, dim=1)
    assert float((unit @ unit.T - torch.eye(len(unit))).max()) < 0.999


def measured(motions: list[torch.Tensor]) -> Measured:
    passages = MotionPassages()
    rows: list[Any] = [{"passages": passages(cut_of(own))} for own in motions]
    pictures = [
        Picture(Path(f"{i}.png"), {"prompt": PROMPT, "id": f"{i}"}) for i in range(len(rows))
    ]
    return Measured(tuple(pictures), tuple(rows))


def test_a_hard_cut_scores_worse_than_the_truth() -> None:
    true = [true_motion(seed) for seed in range(4)]
    cut = [
        torch.cat([own[:105], own[:105], other[:90]])
        for own, other in zip(true, true[1:] + true[:1], strict=True)
    ]
    references = {"reference": measured(true), "truth": measured(true)}
    columns = read_protocol("embedded", "motion").columns()
    smooth = ("peak_jerk", "area_under_jerk", "transition_distance")
    chosen = {name: columns[name] for name in smooth}
    scores = [score(chosen, measured(own), references, None) for own in (true, cut)]
    for name in smooth:
        good, bad = (own[name].value for own in scores)  # type: ignore[union-attr]
        assert bad > 1.5 * good, name


def test_columns_read_ranks_and_curves() -> None:
    outputs: Any = {"m": {"rank": np.array([[0], [2], [5.0]]), "jerk": np.ones((2, 4)) / 1000}}
    own = Measured((Picture(Path("a.png"), {"prompt": "a"}),), (outputs,))
    first, third = (RPrecision(of="m.rank", top=k).values(own, own) for k in (1, 3))
    assert first.tolist() == [1, 0, 0] and third.tolist() == [1, 1, 0]
    assert PeakJerk(of="m.jerk").value(own, own) == pytest.approx(0.001)
    assert AreaUnderJerk(of="m.jerk").value(own, own) == pytest.approx(0)
