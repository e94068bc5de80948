"""DDIM and MultiDiffusion against diffusers' own pipelines on a small checkpoint, step by step.

diffusers' panorama takes windows of 64 latents, whatever the network, so that the small one is told
that its latents are 64 cells wide.
"""

from pathlib import Path
from typing import Any

import pytest
import small_checkpoint
from conftest import close, streams
from diffusers import StableDiffusionPanoramaPipeline, StableDiffusionPipeline
from torch import Tensor

from synclab.methods.ddim import DDIM
from synclab.methods.multidiffusion import MultiDiffusion
from synclab.priors.latent import LatentPrior
from synclab.spaces.image import Image
from synclab.spaces.wide import Wide

PROMPT, NEGATIVE, GUIDANCE, STEPS = "a city at night", "a desert", 7.5, 3
HEIGHT, WIDTH = 64 + 8, 64 + 8  # two by two windows
STABLE_DIFFUSION = {"clip_sample": False, "set_alpha_to_one": False, "steps_offset": 1}
"""What its scheduler files say besides the betas."""

PARTS = small_checkpoint.PLAIN | {
    "unet": lambda: small_checkpoint.unet(sample_size=64),
    "scheduler": lambda: small_checkpoint.scheduler(**STABLE_DIFFUSION),
}


class Watched(LatentPrior):
    """Remembers the states that it was asked about."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.seen: list[tuple[int, Tensor]] = []

    def predict(self, x: Tensor, t: int, cond: Any, guidance: float) -> Tensor:
        self.seen.append((t, x))
        return super().predict(x, t, cond, guidance)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_checkpoint.save(tmp_path_factory.mktemp("pipelines") / "checkpoint", PARTS)


@pytest.fixture
def prior(folder: Path) -> Any:
    return Watched(str(folder), negative_prompt=NEGATIVE)


def pipeline(kind: Any, prior: LatentPrior) -> Any:
    """diffusers' pipeline of the same networks."""
    made = kind(
        vae=prior.vae,
        unet=prior.unet,
        text_encoder=prior.text_encoder,
        tokenizer=prior.tokenizer,
        scheduler=small_checkpoint.scheduler(**STABLE_DIFFUSION),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    made.set_progress_bar_config(disable=True)
    return made


def theirs(kind: Any, prior: LatentPrior, start: Tensor) -> tuple[list[int], list[Tensor]]:
    """Times and latents of every step."""
    times, states = [], []

    def record(_: Any, step: int, time: Tensor, values: dict[str, Tensor]) -> dict[str, Tensor]:
        times.append(int(time))
        states.append(values["latents"][0].clone())
        return {}

    pipeline(kind, prior)(
        PROMPT,
        negative_prompt=NEGATIVE,
        latents=start[None].clone(),
        height=start.shape[1] * 8,
        width=start.shape[2] * 8,
        num_inference_steps=STEPS,
        guidance_scale=GUIDANCE,
        output_type="latent",
        callback_on_step_end=record,
    )
    return times, states


class Noise(type(streams())):
    """Single precision, as the network has it."""

    def normal(self, purpose: str, shape: tuple[int, ...]) -> Tensor:
        return super().normal("start", shape).float()


def start(height: int, width: int) -> Tensor:
    return Noise().normal("start", (4, height, width))


def test_ddim_is_diffusers_step_by_step(prior: Any) -> None:
    space = Image(channels=4, height=64, width=64, view_size=64)
    method = DDIM(steps=STEPS, guidance=GUIDANCE, spacing="leading")
    times, states = theirs(StableDiffusionPipeline, prior, start(64, 64))
    *_, z = method(prior, space, prior.embed(PROMPT), Noise())
    assert times == [t for t, _ in prior.seen] == [667, 334, 1]
    ours = [x[0] for _, x in prior.seen[1:]] + [z]
    for ours_now, theirs_now in zip(ours, states, strict=True):
        close(ours_now, theirs_now, 1e-4)


def test_multidiffusion_is_diffusers_panorama_step_by_step(prior: Any) -> None:
    space = Wide(channels=4, height=HEIGHT, width=WIDTH, view_size=64, stride=8)
    method = MultiDiffusion(steps=STEPS, guidance=GUIDANCE, spacing="leading")
    times, states = theirs(StableDiffusionPanoramaPipeline, prior, start(HEIGHT, WIDTH))
    ours: list[Any] = list(method(prior, space, prior.embed(PROMPT), Noise()))
    assert times == [t for t, _ in prior.seen]
    for ours_now, theirs_now in zip(ours, states, strict=True):
        close(ours_now, theirs_now, 1e-4)
