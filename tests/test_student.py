"""The student of a few calls: its LoRA, and the teacher's paths that it learns from."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import small_checkpoint
import small_views
import torch
from conftest import close
from torch import Tensor

from scripts.embedded.latent.adaptation import load_views
from scripts.embedded.latent.student import (
    EARLIEST,
    Paths,
    consistency_loss,
    draw_paths,
    sample,
    train_student,
)
from scripts.embedded.latent.unet import Captioned
from scripts.embedded.training.low_rank import DIGITS, Change, LowRank, written
from scripts.embedded.training.trainer import Plan
from synclab.core.schedule import Schedule
from synclab.priors.latent import LatentPrior
from synclab.priors.lora import merge

BRIEF = Plan(steps=2, cooldown=0, batch=2, device="cpu", seed=0)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def learnt(low_rank: LowRank) -> LowRank:
    """Branches that add something, which a file holds exactly; they are zero before training."""
    for parameter in low_rank.parameters():
        torch.nn.init.normal_(parameter, std=0.2, generator=seeded())
        parameter.data = written(parameter).float()
    return low_rank


def answer(unet: Any) -> Tensor:
    x = torch.randn(2, 4, 8, 8, generator=seeded(1))
    text = torch.randn(2, 5, small_checkpoint.WIDTH, generator=seeded(2))
    return unet(x, torch.tensor([500, 20]), text).sample.detach()


def test_a_merged_lora_answers_as_its_branches_did_in_training(tmp_path: Path):
    trained, merged = small_checkpoint.unet(), small_checkpoint.unet()
    merged.load_state_dict(trained.state_dict())
    plain = answer(trained)
    low_rank = learnt(LowRank(trained, rank=2))
    low_rank.save(tmp_path / "lora.safetensors", None)
    merge(merged, str(tmp_path / "lora.safetensors"))
    close(answer(merged), answer(trained), 1e-5)
    assert (answer(trained) - plain).abs().max() > 0.2


@pytest.mark.parametrize("shape", [(6, 5), (6, 5, 3, 3), (2, 9)])
def test_a_higher_rank_is_cut_to_its_greatest_singular_values(shape: tuple[int, ...]):
    change, cut = Change(torch.zeros(shape), rank=4), Change(torch.zeros(shape), rank=2)
    torch.nn.init.normal_(change.up, generator=seeded())
    cut.set(change.down, change.up)
    u, values, v = torch.linalg.svd(change(torch.zeros(shape)).flatten(1), full_matrices=False)
    close(cut(torch.zeros(shape)).flatten(1), (u[:, :2] * values[:2]) @ v[:2], 1e-5)
    close(cut.up.flatten(1).norm(dim=0), cut.down.flatten(1).norm(dim=1), 1e-5)


def test_files_hold_factors_rounded_to_a_few_digits():
    factors = torch.randn(500, generator=seeded()) * torch.logspace(-3, 3, 500)
    rounded = written(factors).double()
    assert ((rounded / factors - 1).abs() <= 2.0**-DIGITS).all()
    digits, _ = torch.frexp(rounded)
    assert torch.equal(digits * 2**DIGITS, (digits * 2**DIGITS).round())


def test_training_goes_on_from_a_lora_of_a_lower_rank(tmp_path: Path):
    first, second = small_checkpoint.unet(), small_checkpoint.unet()
    second.load_state_dict(first.state_dict())
    learnt(LowRank(first, rank=2)).save(tmp_path / "lora.safetensors", None)
    learnt(LowRank(second, rank=3)).load(tmp_path / "lora.safetensors", None)
    close(answer(second), answer(first), 1e-5)


def test_an_untrained_student_is_its_teacher_without_guidance():
    unet = small_checkpoint.unet()
    plain = answer(unet)
    LowRank(unet, rank=2)
    assert torch.equal(answer(unet), plain)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_views.write(tmp_path_factory.mktemp("data"))


def views(prior: LatentPrior, data: Path) -> Captioned:
    return load_views(prior, data)[1]


class Exact:
    """The exact answer for data that are all zero: every path of it ends in zero."""

    def __init__(self, schedule: Schedule, prediction: str) -> None:
        self.schedule, self.prediction = schedule, prediction

    def __call__(self, x: Tensor, t: Tensor, context: Tensor) -> SimpleNamespace:
        alpha, sigma = (
            table[t].expand(len(x)).view(-1, 1, 1, 1).to(x)
            for table in (self.schedule.alphas, self.schedule.sigmas)
        )
        return SimpleNamespace(
            sample=(alpha if self.prediction == "v_prediction" else 1) / sigma * x
        )


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_a_student_equal_to_the_exact_teacher_has_no_loss(
    checkpoint: Path, data: Path, prediction: str
):
    prior = LatentPrior(str(checkpoint))
    prior.prediction = prediction
    prior.unet = Exact(prior.schedule, prediction)
    for seed in range(3):
        paths = draw_paths(prior, views(prior, data), 2, 5.0, seeded(seed))
        close(paths.end, torch.zeros_like(paths.end), 1e-4)
        assert float(consistency_loss(prior, paths).max()) < 1e-4


@pytest.fixture(scope="module")
def paths(checkpoint: Path, data: Path) -> list[Paths]:
    prior = LatentPrior(str(checkpoint))
    return [draw_paths(prior, views(prior, data), 2, 5.0, seeded(seed)) for seed in range(8)]


def test_all_points_of_a_path_share_its_end_and_its_text(paths: list[Paths]):
    for each in paths:
        ends, texts = each.end.unflatten(0, (-1, 2)), each.context.unflatten(0, (-1, 2))
        assert torch.equal(ends, ends[:1].expand_as(ends))
        assert torch.equal(texts, texts[:1].expand_as(texts))
        assert len(each.x) == len(each.t) == len(each.context) == len(each.end)


def test_paths_begin_in_pure_noise_or_later_and_go_down(paths: list[Paths]):
    starts = {int(each.t[0]) for each in paths}
    assert 999 in starts and min(starts) < 999
    for each in paths:
        assert bool((each.t[2:] <= each.t[:-2]).all()) and int(each.t.min()) >= EARLIEST


@pytest.fixture
def teacher_lora(checkpoint: Path, tmp_path: Path) -> Path:
    file = tmp_path / "teacher.safetensors"
    learnt(LowRank(LatentPrior(str(checkpoint)).unet, rank=2)).save(file, None)
    return file


def test_a_student_begins_as_its_teacher(
    checkpoint: Path, data: Path, teacher_lora: Path, tmp_path: Path
):
    lora, plan = tmp_path / "lora.safetensors", replace(BRIEF, steps=0)
    train_student(tmp_path, data, checkpoint, 5.0, plan, lora, teacher_lora)
    student, teacher = (
        LatentPrior(str(checkpoint), lora=str(each)) for each in (lora, teacher_lora)
    )
    close(answer(student.unet), answer(teacher.unet), 1e-5)


def test_a_trained_student_is_a_lora_of_its_teacher(
    checkpoint: Path,
    data: Path,
    teacher_lora: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("scripts.embedded.latent.student.KINDS", ["desert"])
    monkeypatch.setattr("scripts.embedded.latent.student.CHECKED", 1)
    lora = tmp_path / "lora.safetensors"
    train_student(tmp_path, data, checkpoint, 5.0, BRIEF, lora, teacher_lora)
    student = LatentPrior(str(checkpoint), lora=str(lora))
    assert sample(student, ["a desert", "a city"], calls=2).isfinite().all()
    assert "kind_4" in (tmp_path / "checks.jsonl").read_text(encoding="utf-8")
