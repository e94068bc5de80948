"""Checkpoints as people have them are read right or refused, never filled up at random."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import close, streams
from safetensors.torch import load_file, save_file

from synclab.core.solvers import SOLVERS
from synclab.errors import UserError
from synclab.jobs.identity import input_hashes
from synclab.priors.latent import LatentPrior
from synclab.tasks.image import ImageTask

SCHEDULER = "scheduler/scheduler_config.json"
UNET = "unet/diffusion_pytorch_model.safetensors"
VAE = "vae/diffusion_pytorch_model.safetensors"
TEXT = "text_encoder/model.safetensors"


@pytest.fixture
def folder(checkpoint, tmp_path) -> Path:
    """A checkpoint of one's own to damage."""
    return Path(shutil.copytree(checkpoint, tmp_path / "checkpoint"))


@pytest.fixture(scope="module")
def plain(checkpoint) -> LatentPrior:
    """The checkpoint without damage."""
    return LatentPrior(str(checkpoint))


def edit(path: Path, **changes: Any) -> None:
    """Sets keys of a JSON file; None takes a key out."""
    body = json.loads(path.read_text("utf-8")) | changes
    kept = {key: value for key, value in body.items() if value is not None}
    path.write_text(json.dumps(kept), "utf-8")


def change(path: Path, keep: Callable[[str], bool], **more: torch.Tensor) -> None:
    weights = {key: value for key, value in load_file(path).items() if keep(key)}
    save_file({**weights, **more}, path, metadata={"format": "pt"})


@pytest.mark.parametrize(
    ("file", "part"),
    [(UNET, "unet"), (VAE, "vae"), (TEXT, "text_encoder")],
)
def test_weights_that_the_file_lacks_are_named(folder, file, part):
    first = min(load_file(folder / file))
    change(folder / file, lambda key: key != first)
    line = f"its {part} has 1 weights missing from the file, first .*{first.split('.')[-1]}"
    with pytest.raises(UserError, match=line):
        LatentPrior(str(folder))


def test_weights_without_a_place_are_named(folder):
    change(folder / UNET, lambda key: True, **{"lora.up": torch.zeros(2)})
    with pytest.raises(UserError, match="its unet has 1 weights that the network does not have"):
        LatentPrior(str(folder))


def test_counted_positions_are_no_weights(folder):
    positions = torch.arange(77)[None]
    more = {"text_model.embeddings.position_ids": positions}
    change(folder / TEXT, lambda key: True, **more)
    LatentPrior(str(folder)).embed("a sea")


@pytest.mark.parametrize("name", ["EDMEulerScheduler", "CosineDPMSolverMultistepScheduler", None])
def test_a_scheduler_without_betas_is_refused(folder, name):
    body = {"_class_name": name, "prediction_type": "epsilon", "sigma_data": 0.5}
    (folder / SCHEDULER).write_text(json.dumps({k: v for k, v in body.items() if v}), "utf-8")
    with pytest.raises(UserError, match="no usable scheduler there .*states no betas"):
        LatentPrior(str(folder))


@pytest.mark.parametrize("name", ["PNDMScheduler", "EulerDiscreteScheduler", None])
def test_betas_are_read_whatever_the_class(folder, plain, name):
    edit(folder / SCHEDULER, _class_name=name)
    read = LatentPrior(str(folder))
    close(read.schedule.abar, plain.schedule.abar, 0)


def test_cosine_betas_are_not_taken_for_others(folder, plain):
    edit(folder / SCHEDULER, beta_schedule="squaredcos_cap_v2")
    read = LatentPrior(str(folder))
    assert (read.schedule.abar - plain.schedule.abar).abs().max() > 0.1


def test_other_training_times_are_refused(folder):
    edit(folder / SCHEDULER, num_train_timesteps=100)
    with pytest.raises(UserError, match="100 training times; expected 1000"):
        LatentPrior(str(folder))


def test_epsilon_without_terminal_signal_is_refused(folder):
    edit(folder / SCHEDULER, rescale_betas_zero_snr=True)
    with pytest.raises(UserError, match="ends at zero SNR, where epsilon does not determine"):
        LatentPrior(str(folder))


@pytest.mark.parametrize("solver", SOLVERS)
def test_velocity_without_terminal_signal_is_finite_in_every_solver(folder, solver):
    edit(folder / SCHEDULER, rescale_betas_zero_snr=True, prediction_type="v_prediction")
    prior = LatentPrior(str(folder))
    x = streams().normal("x", (1, *prior.shape)).float()
    cond = prior.embed("a sea").at(((0.0,),))
    x0 = SOLVERS[solver](prior, x, prior.schedule.last, cond, 1.0, n=4)
    assert torch.isfinite(x0).all()
    assert x0.abs().max() < 100


def test_a_tokenizer_without_a_length_takes_the_encoders(folder):
    edit(folder / "tokenizer/tokenizer_config.json", model_max_length=None)
    prior = LatentPrior(str(folder))
    assert prior.tokenizer.model_max_length == prior.text_encoder.config.max_position_embeddings
    assert prior.embed("a sea").positive[0].shape[1] == prior.tokenizer.model_max_length


def test_a_list_of_equal_sides_is_a_side(folder, checkpoint):
    side = LatentPrior(str(checkpoint)).shape[1]
    edit(folder / "unet/config.json", sample_size=[side, side])
    assert LatentPrior(str(folder)).shape[1] == side


@pytest.mark.parametrize("size", [None, [8, 16]])
def test_a_network_without_a_square_size_is_refused(folder, size):
    path = folder / "unet/config.json"
    body = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**body, "sample_size": size}), "utf-8")
    with pytest.raises(UserError, match="its unet has sample_size=.*expected one number"):
        LatentPrior(str(folder))


def test_every_part_is_part_of_the_identity(folder):
    before = input_hashes(ImageTask(), str(folder))
    edit(folder / SCHEDULER, prediction_type="v_prediction")
    change(folder / TEXT, lambda key: True, **{"text_model.extra": torch.zeros(1)})
    after = input_hashes(ImageTask(), str(folder))
    changed = {key for key in before if before[key] != after[key]}
    assert changed == {"prior.scheduler", "prior.text_encoder"}
    assert set(before) == {
        "prior.denoiser", "prior.scheduler", "prior.text_encoder", "prior.tokenizer", "prior.vae",
    }  # fmt: skip
