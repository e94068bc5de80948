"""Trajectories of the authors' own code, step by step, from the noises they recorded.

The recordings lie in ../shared/golden (see its README for what agreement to expect); without that
folder these tests are skipped.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from torch import Tensor

from synclab.methods.stochsync_released import ReleasedStochSync
from synclab.priors.latent import LatentPrior
from synclab.tasks.panorama import PanoramaTask
from synclab.types import Sample

GOLDEN = Path(__file__).resolve().parents[2] / "shared" / "golden"
NEGATIVE = "low quality, blurry, bad anatomy, disfigured, poorly drawn face"

pytestmark = pytest.mark.skipif(
    not GOLDEN.is_dir(), reason=f"the authors' recordings are not there: {GOLDEN}"
)


class Recording:
    """A recorded run: its settings and what every step held."""

    def __init__(self, name: str) -> None:
        self.arrays = np.load(GOLDEN / name)
        self.settings: dict[str, Any] = yaml.safe_load(str(self.arrays["meta/config_yaml"]))

    def step(self, k: int, key: str) -> Tensor:
        return torch.from_numpy(self.arrays[f"step{k:02d}/{key}"])


class Recorded:
    """Answers a method's draws with the noises of a recording."""

    KEYS = {"noise": "fwd_noise", "vae": "vae_eps", "seam": "clean_eps"}

    def __init__(self, recording: Recording) -> None:
        self.recording, self.k = recording, -1

    def normal(self, purpose: str, shape: tuple[int, ...]) -> Tensor:
        self.k += purpose == "noise"  # a round begins with its noise
        noise = self.recording.step(self.k, self.KEYS[purpose])
        assert noise.shape == shape
        return noise


@pytest.fixture(scope="module")
def prior() -> LatentPrior:
    return LatentPrior(str(GOLDEN / "tiny_sd"), negative_prompt=NEGATIVE)


@pytest.fixture(scope="module")
def recording() -> Recording:
    return Recording("stochsync_panorama_ddim_golden.npz")


@pytest.fixture(scope="module")
def trajectory(prior: LatentPrior, recording: Recording) -> list[Tensor]:
    """Our canonical state after every round."""
    settings = recording.settings
    rng: Any = Recorded(recording)
    task = PanoramaTask(
        codec="released",
        fov=settings["fov"],
        rows=settings["pano_height"] // settings["height"],
        sampling="nearest",
        grid="corners",
        margin=1,
    )
    method = ReleasedStochSync(
        steps=settings["max_steps"],
        t_max=settings["t_max"],
        t_min=settings["t_min"],
        ode_steps=settings["ode_steps"],
        solver="ddim",
        seam_steps=settings["seam_removal_steps"],
        warmup=settings["warmup_steps"],
        guidance=settings["guidance_scale"],
    )
    space = task.space(prior, rng)
    cond = task.condition(prior, Sample("golden", settings["text_prompt"], 42))
    return [z for z in method(prior, space, cond, rng) if z is not None]


def test_prompts_are_encoded_as_recorded(prior: LatentPrior, recording: Recording) -> None:
    text = prior.embed(recording.settings["text_prompt"])
    recorded = torch.from_numpy(recording.arrays["init/text_embeddings_neg_pos"])
    torch.testing.assert_close(
        torch.cat([text.negative, text.positive]), recorded, rtol=0, atol=1e-5
    )


def test_every_round_leaves_the_recorded_canvas(
    trajectory: list[Tensor], recording: Recording
) -> None:
    assert len(trajectory) == recording.settings["max_steps"]
    for k, z in enumerate(trajectory):
        error = (z - recording.step(k, "z")).abs()
        assert error.quantile(0.999) <= 2e-3, f"round {k}: {error.max():.4f}"
