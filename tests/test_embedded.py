"""The making of the embedded models, on few views and few steps."""

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from scripts.embedded.data.views import (
    LEVEL,
    Sight,
    Views,
    draw_elevations,
    render_chunk,
    render_dataset,
)
from scripts.embedded.latent import preview
from scripts.embedded.latent.calls import Point, plot, read
from scripts.embedded.latent.latents import Latents, encode_dataset
from scripts.embedded.latent.unet import draw_times, export, train_unet
from scripts.embedded.latent.vae import train_vae
from scripts.embedded.pixels.denoiser import build_unet, train_pixels
from scripts.embedded.training.diffusion import build_scheduler
from scripts.embedded.training.muon import SinglePrecisionMuon
from scripts.embedded.training.narrowing import select_weights
from scripts.embedded.training.trainer import Plan, Trainer
from synclab.core.hashing import sha256
from synclab.places import ASSETS
from synclab.priors.latent import LatentPrior
from synclab.priors.pixel import PixelPrior

BRIEF = Plan(steps=2, cooldown=0, batch=2, device="cpu", seed=0)


def _seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_a_quarter_of_the_views_is_steep_and_both_poles_are_among_them():
    elevation = draw_elevations(4000, _seeded())
    assert 0.22 <= (elevation.abs() > LEVEL).float().mean() <= 0.28
    assert elevation.min() == -90 and elevation.max() == 90


def test_a_training_may_ask_for_level_views_of_fewer_pixels():
    elevation = draw_elevations(4000, _seeded(), Sight(level=0.8, tilted=0.2))
    assert elevation.abs().max() <= LEVEL and (elevation.abs() < 10).float().mean() > 0.8


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> int:
    """Chunks of 8 views."""
    monkeypatch.setattr("scripts.embedded.data.views.CHUNK", 8)
    return 8


@pytest.mark.usefixtures("small_chunks")
def test_a_chunk_is_the_same_each_time():
    first, second = render_chunk(3, seed=1), render_chunk(3, seed=1)
    assert torch.equal(first.images, second.images) and first.captions == second.captions


def test_a_small_view_is_the_mean_of_a_large_one(small_chunks: int):
    large, small = (render_chunk(0, 1, Sight(size, 0.5, 0.25)) for size in (128, 64))
    mean = nn.functional.avg_pool2d(large.images.float(), 2)
    assert small.images.shape == (small_chunks, 3, 64, 64) and large.captions == small.captions
    assert (small.images - mean).abs().max() <= 1


def test_an_interrupted_rendering_goes_on_where_it_stopped(tmp_path: Path, small_chunks: int):
    render_dataset(tmp_path / "whole", 2 * small_chunks, seed=1)
    render_dataset(tmp_path / "halves", 2 * small_chunks, seed=1)
    captions = tmp_path / "halves" / "captions.jsonl"
    lines = captions.read_text(encoding="utf-8").splitlines(keepends=True)
    captions.write_text("".join(lines[:small_chunks]), encoding="utf-8")
    render_dataset(tmp_path / "halves", 2 * small_chunks, seed=1)
    whole, halves = Views.load(tmp_path / "whole"), Views.load(tmp_path / "halves")
    assert halves.captions == whole.captions and (halves.images == whole.images).all()


def test_times_are_spread_evenly_over_a_batch():
    times = draw_times(10, _seeded()).sort().values
    assert torch.equal(times // 100, torch.arange(10))


def test_the_schedule_ends_in_almost_pure_noise_and_is_never_infinite():
    last = float(build_scheduler().alphas_cumprod[-1])
    assert 1e-4 < last < 1e-3


def _line(folder: Path, steps: int, cooldown: int = 0) -> tuple[Trainer, nn.Linear]:
    torch.manual_seed(0)
    line = nn.Linear(16, 16)
    plan = Plan(steps, cooldown, 8, "cpu", seed=0)
    trainer = Trainer(folder, nn.ModuleDict({"line": line}), plan, 1e-2)

    def loss(generator: torch.Generator) -> torch.Tensor:
        x = torch.randn(8, 16, generator=generator)
        return (line(x) - 2 * x).square().mean()

    trainer.fit(loss)
    return trainer, line


def test_a_prolonged_training_equals_one_that_was_long_from_the_start(tmp_path: Path):
    _line(tmp_path / "prolonged", 10)
    _, prolonged = _line(tmp_path / "prolonged", 25, cooldown=5)
    _, whole = _line(tmp_path / "whole", 25, cooldown=5)
    assert torch.equal(prolonged.weight, whole.weight)


def test_the_rate_falls_to_zero_over_the_cooldown(tmp_path: Path):
    trainer, _ = _line(tmp_path, 300, cooldown=100)
    assert trainer.rate(199) == trainer.rate(150) == 1e-2
    assert trainer.rate(250) == pytest.approx(5e-3) and trainer.rate(300) == 0


@pytest.fixture
def cheap_muon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Muon scales gradients instead of orthogonalising them, minutes on a CPU without bfloat16."""

    def scaled(gradient: torch.Tensor, *_: object) -> torch.Tensor:
        return gradient / gradient.norm().clamp_min(1e-7)

    monkeypatch.setattr("torch.optim._muon._zeropower_via_newtonschulz", scaled)
    monkeypatch.setattr("scripts.embedded.training.muon.orthogonal", scaled)


@pytest.fixture
def cheap_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few views are held out, and previews are three of one step."""
    few = preview.prompts()[:3]
    for module in ("pixels.denoiser", "latent.preview"):
        monkeypatch.setattr(f"scripts.embedded.{module}.prompts", lambda: few)
    monkeypatch.setattr("scripts.embedded.latent.vae.HELD_OUT", 4)
    monkeypatch.setattr("scripts.embedded.latent.preview.STEPS", 1)


@pytest.mark.usefixtures("small_chunks", "cheap_muon", "cheap_checks")
def test_all_stages_end_in_a_folder_that_the_prior_loads(tmp_path: Path):
    render_dataset(tmp_path, 16, seed=1)
    train_vae(tmp_path / "vae", tmp_path, BRIEF, None)
    encode_dataset(tmp_path, tmp_path / "vae" / "model", "cpu")
    latents = Latents.load(tmp_path)
    drawn = latents.draw(torch.arange(16), _seeded())
    assert len(latents) == 16 and drawn.std() == pytest.approx(1, abs=0.1)
    train_unet(tmp_path / "unet", tmp_path, BRIEF, None)
    export(tmp_path / "vae" / "model", tmp_path / "unet", tmp_path / "tiny")
    prior = LatentPrior(str(tmp_path / "tiny"))
    x = torch.randn(1, *prior.shape, generator=_seeded())
    assert prior.prediction == "v_prediction"
    assert prior.predict(x, 500, prior.embed("a desert"), 5.0).isfinite().all()
    assert prior.vae.config.scaling_factor == latents.scale
    configs = [json.loads(file.read_text()) for file in (tmp_path / "tiny").glob("*/config.json")]
    assert configs and not any("_name_or_path" in config for config in configs)


def test_points_of_the_plot_are_read_from_rows_and_scores(tmp_path: Path):
    folder = tmp_path / "stochsync"
    folder.mkdir()
    (folder / "config.json").write_text("{}", encoding="utf-8")
    for sample, nfe in (("a-000000000000-s0", 100), ("b-000000000000-s0", 200)):
        (folder / f"{sample}.png").write_bytes(b"picture")
        row = {"id": sample, "prompt": "", "seed": 0, "sha256": sha256(b"picture"), "nfe": nfe}
        (folder / f"{sample}.json").write_text(json.dumps(row), encoding="utf-8")
    scores = {"methods": {"stochsync": {"scores": {"fid": {"value": 3.5, "error": 0.25}}}}}
    (tmp_path / "scores.embedded_world.json").write_text(json.dumps(scores), encoding="utf-8")
    point = read(tmp_path, "teacher", 10)
    assert point == Point("teacher", 10, 150, 3.5, 0.25)
    plot([point], tmp_path / "calls.png")
    assert (tmp_path / "calls.png").stat().st_size > 1000


def test_muon_in_single_precision_takes_the_steps_of_torch():
    moved = []
    for kind in (torch.optim.Muon, SinglePrecisionMuon):
        matrix = nn.Parameter(torch.eye(24, 40))
        optimizer = kind([matrix], 1e-2, adjust_lr_fn="match_rms_adamw", ns_steps=3)
        for step in range(3):
            matrix.grad = torch.randn(24, 40, generator=_seeded(step))
            optimizer.step()
        moved.append(matrix.detach() - torch.eye(24, 40))
    assert (moved[0] - moved[1]).norm() < 0.02 * moved[0].norm()  # bfloat16 has 8 bits


def test_selected_weights_keep_the_two_inputs_of_a_skip_apart():
    """The channels from the block below lie before those of the skip."""
    small, large = build_unet(), LatentPrior(str(ASSETS / "tiny")).unet
    select_weights(small, large)
    own, given = (unet.up_blocks[0].resnets[1].conv1.weight for unet in (small, large))
    assert own.shape[:2] == (128, 256) and given.shape[:2] == (256, 448)
    assert torch.equal(own[3, :128], given[6, 0:256:2])
    assert torch.equal(own[3, 128:], given[6, 256 + torch.arange(128) * 192 // 128])


@pytest.mark.usefixtures("small_chunks", "cheap_muon", "cheap_checks")
def test_a_pixel_prior_is_trained_from_a_latent_one_and_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("scripts.embedded.pixels.denoiser.HELD_OUT", 4)
    monkeypatch.setattr("scripts.embedded.pixels.denoiser.PREVIEW_STEPS", 1)
    train_pixels(tmp_path / "pixels", 16, ASSETS / "tiny", BRIEF, tmp_path / "prior")
    prior = PixelPrior(str(tmp_path / "prior"))
    x = torch.randn(1, 3, 64, 64, generator=_seeded())
    assert prior.prediction == "sample" and prior.shape == (3, 64, 64)
    assert prior.predict(x, 999, prior.embed("a desert"), 5.0).isfinite().all()
    assert list((tmp_path / "pixels" / "previews").glob("*.png"))
