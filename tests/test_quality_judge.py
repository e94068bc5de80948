"""The judge of quality: shapes, sizes, what it knows of the world, and which faults it finds."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from scripts.embedded.judges import pairs as rendering
from scripts.embedded.judges.faults import PLANT, draw_strengths, plant
from scripts.embedded.judges.pairs import Pairs, cached_pairs
from scripts.embedded.judges.quality import Targets, loss, separation
from synclab import world
from synclab.errors import UserError
from synclab.judges.quality import FAULTS, FOLDER, QualityJudge, Verdict, verdicts

EACH = 4  # views of every biome
LEAST = {
    "blur": 0.95,
    "noise": 0.97,
    "contrast": 0.85,
    "seam": 0.55,
    "ghost": 0.75,
    "palette": 0.75,
    "paste": 0.6,
}
"""Lowest probability that a view with a fault at full strength gets more of it than one without."""


@pytest.fixture(scope="module")
def judge() -> QualityJudge:
    return QualityJudge.load()


def noise(count: int, height: int = 128, width: int = 128) -> torch.Tensor:
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def fresh() -> tuple[world.Scenes, torch.Tensor, torch.Tensor]:
    """Scenes of every biome, a level view of each, and one of a scene of another kind."""
    generator = torch.Generator().manual_seed(99)
    scenes = world.sample_scenes(EACH * len(world.BIOMES), generator)
    scenes.kind[:] = torch.arange(len(scenes)) // EACH
    scenes.time[:] = torch.arange(len(scenes)) % EACH
    azimuth, level = torch.rand(len(scenes), generator=generator) * 360, torch.zeros(len(scenes))
    views = world.render_views(scenes, azimuth, level, 128)[0]
    return scenes, views, views.roll(EACH, 0)


@pytest.fixture(scope="module")
def clean(judge: QualityJudge, fresh: tuple) -> Verdict:
    return verdicts(judge, fresh[1])


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


def test_it_knows_kind_and_time(clean: Verdict, fresh: tuple) -> None:
    scenes = fresh[0]
    outdoor = torch.tensor([world.KINDS[kind] in world.OUTDOOR for kind in scenes.kind])
    assert (clean.kind.argmax(1) == scenes.kind).float().mean() >= 0.95
    assert (clean.time.argmax(1) == scenes.time)[outdoor].float().mean() >= 0.95


@pytest.mark.parametrize(("name", "least"), LEAST.items())
def test_it_tells_views_with_a_fault_from_those_without(
    judge: QualityJudge, fresh: tuple, clean: Verdict, name: str, least: float
) -> None:
    _, views, others = fresh
    generator, strength = torch.Generator().manual_seed(0), torch.ones(len(views), 1, 1, 1)
    seen = verdicts(judge, PLANT[name](views, others, strength, generator).clamp(0, 1))
    number = FAULTS.index(name)
    assert separation(clean.faults[:, number], seen.faults[:, number]) >= least


# --- The faults of its training ---


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_no_strength_changes_nothing(name: str, fresh: tuple) -> None:
    _, views, others = fresh
    none = torch.zeros(4, 1, 1, 1)
    same = PLANT[name](views[:4], others[:4], none, torch.Generator().manual_seed(0))
    torch.testing.assert_close(same, views[:4], rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", FAULTS)
def test_a_stronger_fault_changes_more(name: str, fresh: tuple) -> None:
    _, views, others = fresh
    changes = []
    for strength in (0.2, 0.5, 1.0):
        amount = torch.full((len(views), 1, 1, 1), strength)
        faulty = PLANT[name](views, others, amount, torch.Generator().manual_seed(0))
        changes.append(float((faulty - views).abs().mean()))
    assert 0 < changes[0] < changes[1] < changes[2]


def test_three_views_in_ten_have_no_fault_and_none_has_three() -> None:
    count = (draw_strengths(4000, torch.Generator().manual_seed(0)) > 0).sum(1)
    assert (count == 0).float().mean() == pytest.approx(0.3, abs=0.03)
    assert count.max() == 2


def test_only_views_with_a_fault_are_changed(fresh: tuple) -> None:
    _, views, others = fresh
    strengths = torch.zeros(len(views), len(FAULTS))
    strengths[0, FAULTS.index("ghost")] = 1
    changed = plant(views, others, strengths, torch.Generator().manual_seed(0))
    torch.testing.assert_close(changed[0], (views[0] + others[0]) / 2)
    assert torch.equal(changed[1:], views[1:])


# --- Its training ---


def labels(count: int) -> Pairs:
    """Pairs of every kind, time and direction, without pictures."""
    number, none = torch.arange(count), torch.empty(count, 0)
    elevation = torch.tensor([-60.0, 0.0, 0.0, 60.0]).repeat(count // 4)
    return Pairs(none, number % len(world.KINDS), number // 5 % len(world.TIMES), elevation)


def test_both_views_of_a_pair_show_one_scene_and_are_rendered_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendering, "CHUNK", 8)
    made = cached_pairs(tmp_path, 16, seed=1)
    monkeypatch.setattr(rendering, "render_pairs", None)
    assert torch.equal(cached_pairs(tmp_path, 16, seed=1).images, made.images)
    assert made.images.shape == (16, 2, 3, 128, 128) and len(made) == 16
    first, second = made.images.float().mean((3, 4)).unbind(1)
    assert (first - second).abs().mean() < (first - second.roll(1, 0)).abs().mean() / 2


def test_right_answers_have_less_loss_than_wrong_ones() -> None:
    index = torch.arange(64)
    targets = Targets.of(labels(64), index, torch.zeros(64, len(FAULTS)))
    right = Verdict(
        20 * torch.nn.functional.one_hot(targets.kind, len(world.KINDS)).float(),
        20 * torch.nn.functional.one_hot(targets.time, len(world.TIMES)).float(),
        20 * torch.nn.functional.one_hot(targets.direction, 3).float(),
        torch.full((64, len(FAULTS)), -20.0),
        torch.empty(64, 0),
        torch.empty(64, 0),
    )
    assert float(loss(right, targets)) < 1e-3
    for name in ("kind", "time", "direction"):
        wrong = replace(right, **{name: vars(right)[name].roll(1, 0)})
        assert float(loss(wrong, targets)) > 1
    assert float(loss(replace(right, faults=-right.faults), targets)) > 1


def test_separation_is_the_probability_of_the_right_order() -> None:
    assert separation(torch.tensor([0.0, 2.0]), torch.tensor([1.0, 3.0])) == 0.75
