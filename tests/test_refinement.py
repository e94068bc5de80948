"""Further training of a committed denoiser as a LoRA of its weights."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
import small_checkpoint
import small_views
import torch
from conftest import close
from PIL import Image

from scripts.embedded.latent.adaptation import load_views
from scripts.embedded.latent.refinement import refine, refinement_loss
from scripts.embedded.latent.refinement_score import score_refinement
from scripts.embedded.latent.unet import Batch
from scripts.embedded.training.trainer import Plan
from synclab.core.schedule import Schedule
from synclab.errors import UserError
from synclab.priors.latent import LatentPrior


@pytest.fixture(autouse=True)
def brief_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scripts.embedded.latent.refinement.POINTS", 2)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return small_views.write(tmp_path)


def refined(checkpoint: Path, data: Path, steps: int, *, bf16: bool = False) -> LatentPrior:
    lora = data / "lora.safetensors"
    refine(data / "refinement", data, checkpoint, Plan(steps, 0, 2, "cpu", 0, bf16), lora)
    return LatentPrior(str(checkpoint), lora=str(lora))


def change(prior: LatentPrior, other: LatentPrior) -> float:
    """Largest difference of two priors' noise."""
    x = torch.randn(1, *prior.shape, generator=torch.Generator().manual_seed(1))
    noises = [each.predict(x, 500, each.embed("a desert"), 2.0) for each in (prior, other)]
    return float((noises[0] - noises[1]).abs().max())


def test_a_refinement_of_no_steps_changes_nothing(checkpoint: Path, data: Path):
    assert change(refined(checkpoint, data, steps=0), LatentPrior(str(checkpoint))) == 0


def test_a_refinement_changes_the_denoiser_and_shows_its_samples(checkpoint: Path, data: Path):
    assert change(refined(checkpoint, data, steps=2), LatentPrior(str(checkpoint))) > 1e-4
    assert (data / "refinement" / "previews" / "0000002.png").is_file()
    assert "loss" in (data / "refinement" / "checks.jsonl").read_text(encoding="utf-8")


def test_a_refinement_in_half_precision_learns_much_the_same(checkpoint: Path, data: Path):
    single = refined(checkpoint, data, steps=2)
    shutil.rmtree(data / "refinement")
    half = refined(checkpoint, data, steps=2, bf16=True)
    assert 0 < change(half, single) < 0.1 * change(single, LatentPrior(str(checkpoint)))


def test_a_refinement_goes_on_from_another(checkpoint: Path, data: Path):
    first, again = refined(checkpoint, data, steps=2), data / "again.safetensors"
    plan, before = Plan(0, 0, 2, "cpu", 0), data / "lora.safetensors"
    refine(data / "more", data, checkpoint, plan, again, before)
    assert change(LatentPrior(str(checkpoint), lora=str(again)), first) < 1e-5


def test_a_refinement_is_refused_by_other_weights_of_the_same_shape(
    checkpoint: Path, data: Path, tmp_path: Path
):
    refined(checkpoint, data, steps=0)
    other = tmp_path / "other"
    shutil.copytree(checkpoint, other)
    small_checkpoint.unet().save_pretrained(other / "unet")
    with pytest.raises(UserError, match="made for other weights than those of prior.path"):
        LatentPrior(str(other), lora=str(data / "lora.safetensors"))


def test_latents_are_scaled_as_the_committed_autoencoder_does(checkpoint: Path, data: Path):
    prior = LatentPrior(str(checkpoint))
    for views in load_views(prior, data):
        assert views.latents.scale == prior.vae.config.scaling_factor != 7.0


def test_samples_before_and_after_are_scored_and_shown_beside_the_truth(
    checkpoint: Path, data: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("scripts.embedded.latent.refinement_score.KINDS", ["library", "cave"])
    refined(checkpoint, data, steps=0)
    score_refinement(checkpoint, data / "lora.safetensors", 1, data / "score", "cpu")
    scores = json.loads((data / "score" / "scores.json").read_text(encoding="utf-8"))
    assert scores["before"] == scores["after"] and scores["before"]["fid_steep"] > 0
    assert scores["truth"].keys() == scores["before"].keys() and scores["truth"]["fid"] > 0
    with Image.open(data / "score" / "samples.jpg") as picture:
        assert picture.size == (128, 8 * 64)


class Exact:
    """The exact noise for data that are all zero."""

    def __init__(self, schedule: Schedule) -> None:
        self.sigmas = schedule.sigmas

    def __call__(self, x: torch.Tensor, t: torch.Tensor, context: torch.Tensor) -> SimpleNamespace:
        return SimpleNamespace(sample=x / self.sigmas[t].view(-1, 1, 1, 1).to(x))


def test_the_exact_denoiser_has_no_loss(checkpoint: Path):
    prior = LatentPrior(str(checkpoint))
    prior.unet = Exact(prior.schedule)
    words = torch.zeros(3, 32, dtype=torch.long)
    eps = torch.randn(3, *prior.shape, generator=torch.Generator().manual_seed(0))
    batch = Batch(torch.zeros_like(eps), eps, words, torch.tensor([10, 500, 999]))
    close(refinement_loss(prior, batch), torch.zeros(3), 1e-6)
