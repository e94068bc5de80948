"""The judge of quality: shapes, sizes, what it knows of the world, and which faults it finds."""

from pathlib import Path

import pytest
import torch

from scripts.embedded.faults import PLANT, draw_strengths, plant
from scripts.embedded.pairs import Pairs, cached_pairs, render_pairs
from scripts.embedded.quality import Targets, loss, separation
from synclab import world
from synclab.errors import UserError
from synclab.judges.quality import FAULTS, FOLDER, QualityJudge, Verdict, verdicts

EACH = 4  # views of every biome
LEAST = {"blur": 0.9, "noise": 0.95, "seam": 0.6, "ghost": 0.6, "palette": 0.6, "paste": 0.6}
"""Lowest probability that a view with a fault at full strength gets more of it than one without."""


@pytest.fixture(scope="module")
def judge() -> QualityJudge:
    return QualityJudge.load()


def noise(count: int, height: int = 128, width: int = 128) -> torch.Tensor:
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def fresh() -> tuple[world.Scenes, torch.Tensor, torch.Tensor]:
    """Scenes of every biome, a level view of each, and the one at its back."""
    generator = torch.Generator().manual_seed(99)
    scenes = world.sample_scenes(EACH * len(world.BIOMES), generator)
    scenes.kind[:] = torch.arange(len(scenes)) // EACH
    scenes.time[:] = torch.arange(len(scenes)) % EACH
    azimuth, level = torch.rand(len(scenes), generator=generator) * 360, torch.zeros(len(scenes))
    front, back = (world.render_views(scenes, a, level, 128)[0] for a in (azimuth, azimuth + 180))
    return scenes, front, back


# --- Shapes and sizes ---


@pytest.mark.parametrize("size", [(128, 128), (64, 64), (96, 200), (300, 300)])
def test_views_of_any_size_are_judged(judge: QualityJudge, size: tuple[int, int]) -> None:
    found = judge(noise(2, *size))
    assert found.kind.shape == (2, len(world.KINDS)) and found.time.shape == (2, len(world.TIMES))
    assert found.direction.shape == (2, 3) and found.faults.shape == (2, len(FAULTS))
    assert found.features.shape == (2, 592) and found.spatial.shape == (2, 448)


def test_every_pixel_of_a_view_counts(judge: QualityJudge) -> None:
    image = noise(1).requires_grad_()
    judge(image).features.square().sum().backward()
    assert image.grad is not None and (image.grad != 0).all()


def test_company_does_not_matter(judge: QualityJudge) -> None:
    images = noise(3)
    together, alone = judge(images).features, torch.cat([judge(i[None]).features for i in images])
    torch.testing.assert_close(together, alone, rtol=1e-3, atol=1e-3)


def test_the_weights_are_small_enough_to_commit() -> None:
    assert (FOLDER / "model.safetensors").stat().st_size < 3e6


def test_a_saved_judge_comes_back(judge: QualityJudge, tmp_path: Path) -> None:
    judge.save(tmp_path)
    same = QualityJudge.load(tmp_path)
    torch.testing.assert_close(same(noise(1)).faults, judge(noise(1)).faults, rtol=0, atol=0)
    with pytest.raises(UserError, match="no such file; expected the weights of the judge"):
        QualityJudge.load(tmp_path / "nowhere")


# --- What it knows ---


def test_it_knows_kind_and_time(judge: QualityJudge, fresh: tuple) -> None:
    scenes, front, _ = fresh
    found = verdicts(judge, front)
    outdoor = torch.tensor([world.KINDS[kind] in world.OUTDOOR for kind in scenes.kind])
    assert (found.kind.argmax(1) == scenes.kind).float().mean() >= 0.9
    assert (found.time.argmax(1) == scenes.time)[outdoor].float().mean() >= 0.9


@pytest.mark.parametrize(("name", "least"), LEAST.items())
def test_it_tells_views_with_a_fault_from_those_without(
    judge: QualityJudge, fresh: tuple, name: str, least: float
) -> None:
    _, front, back = fresh
    generator, strength = torch.Generator().manual_seed(0), torch.ones(len(front), 1, 1, 1)
    faulty = PLANT[name](front, back, strength, generator).clamp(0, 1)
    clean, seen = (verdicts(judge, views).faults for views in (front, faulty))
    number = FAULTS.index(name)
    assert separation(clean[:, number], seen[:, number]) >= least


# --- The faults of its training ---


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_no_strength_changes_nothing(name: str, fresh: tuple) -> None:
    _, front, back = fresh
    none = torch.zeros(4, 1, 1, 1)
    same = PLANT[name](front[:4], back[:4], none, torch.Generator().manual_seed(0))
    torch.testing.assert_close(same, front[:4], rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", FAULTS)
def test_a_stronger_fault_changes_more(name: str, fresh: tuple) -> None:
    _, front, back = fresh
    changes = []
    for strength in (0.2, 0.5, 1.0):
        amount = torch.full((len(front), 1, 1, 1), strength)
        faulty = PLANT[name](front, back, amount, torch.Generator().manual_seed(0))
        changes.append(float((faulty - front).abs().mean()))
    assert 0 < changes[0] < changes[1] < changes[2]


def test_three_views_in_ten_have_no_fault_and_none_has_three() -> None:
    count = (draw_strengths(4000, torch.Generator().manual_seed(0)) > 0).sum(1)
    assert (count == 0).float().mean() == pytest.approx(0.3, abs=0.03)
    assert count.max() == 2


def test_only_views_with_a_fault_are_changed(fresh: tuple) -> None:
    _, front, back = fresh
    strengths = torch.zeros(len(front), len(FAULTS))
    strengths[0, FAULTS.index("ghost")] = 1
    changed = plant(front, back, strengths, torch.Generator().manual_seed(0))
    torch.testing.assert_close(changed[0], (front[0] + back[0]) / 2)
    assert torch.equal(changed[1:], front[1:])


# --- Its training ---


def pairs() -> Pairs:
    return render_pairs(0, seed=1)


def test_both_views_of_a_pair_show_one_scene_at_one_elevation(tmp_path: Path) -> None:
    made = cached_pairs(tmp_path, 64, seed=1)
    assert torch.equal(cached_pairs(tmp_path, 64, seed=1).images, made.images)
    assert made.images.shape == (64, 2, 3, 128, 128) and len(made) == 64
    first, second = made.images.float().mean((3, 4)).unbind(1)
    assert (first - second).abs().mean() < (first - second.roll(1, 0)).abs().mean() / 2


def test_right_answers_have_less_loss_than_wrong_ones() -> None:
    index = torch.arange(64)
    targets = Targets.of(pairs(), index, torch.zeros(64, len(FAULTS)))
    right = Verdict(
        20 * torch.nn.functional.one_hot(targets.kind, len(world.KINDS)).float(),
        20 * torch.nn.functional.one_hot(targets.time, len(world.TIMES)).float(),
        20 * torch.nn.functional.one_hot(targets.direction, 3).float(),
        torch.full((64, len(FAULTS)), -20.0),
        torch.empty(64, 0),
        torch.empty(64, 0),
    )
    assert float(loss(right, targets)) < 1e-3
    values = (right.kind, right.time, right.direction, right.faults)
    for wrong in range(4):
        spoilt = [v.roll(1, 0) if i == wrong else v for i, v in enumerate(values)]
        spoilt[3] = -values[3] if wrong == 3 else values[3]
        assert float(loss(Verdict(*spoilt, right.features, right.spatial), targets)) > 1


def test_separation_is_the_probability_of_the_right_order() -> None:
    assert separation(torch.tensor([0.0, 2.0]), torch.tensor([1.0, 3.0])) == 0.75
