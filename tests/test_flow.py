"""Flow matching: a small transformer in Stable Diffusion 3's format, and exact data."""

import json
from pathlib import Path
from typing import Any

import command_line
import pytest
import small_checkpoint
import torch
from conftest import close, image, last, prior_of, streams, wide
from diffusers import StableDiffusion3Pipeline
from small_checkpoint import FLOW, PLAIN

from synclab.core.protocols import Everywhere
from synclab.core.schedule import Schedule
from synclab.core.solvers import SOLVERS
from synclab.errors import UserError
from synclab.methods.ddim import DDIM
from synclab.methods.multidiffusion import MultiDiffusion
from synclab.methods.stochsync import StochSync
from synclab.methods.synctweedies import SyncTweedies
from synclab.priors.exact import Gaussian
from synclab.priors.flow import FlowPrior
from synclab.priors.latent import LatentPrior

VIEWS = ((0.0,), (1.0,), (2.0,))


@pytest.fixture(scope="module")
def prior(flow_checkpoint: Path) -> FlowPrior:
    return FlowPrior(str(flow_checkpoint))


def noise(prior: LatentPrior) -> torch.Tensor:
    return streams().normal("x", (len(VIEWS), *prior.shape)).float()


def predict(prior: LatentPrior, guidance: float, prompt: str = "a city") -> torch.Tensor:
    return prior.predict(noise(prior), 500, prior.embed(prompt).at(VIEWS), guidance)


# The transformer


def test_sizes_and_shift_come_from_the_checkpoint(prior):
    assert (prior.shape, prior.image_size, prior.prediction) == ((4, 8, 8), 64, "flow")
    close(prior.schedule.sigmas, Schedule.flow(shift=3.0).sigmas, 0)


def test_texts_are_encoded_as_diffusers_does(prior):
    (tokenizer, encoder), (tokenizer_2, encoder_2) = prior.readers
    make: Any = StableDiffusion3Pipeline
    scheduler = small_checkpoint.flow_scheduler()
    first, second = (encoder, tokenizer), (encoder_2, tokenizer_2)
    pipeline = make(prior.transformer, scheduler, prior.vae, *first, *second, None, None)
    expected = pipeline.encode_prompt("a city", None, None, negative_prompt="", device="cpu")
    text = prior.embed("a city")
    found = (text.positive[0], text.negative[0], text.positive[1], text.negative[1])
    for ours, theirs in zip(found, expected, strict=True):
        close(ours, theirs, 1e-6)


def test_the_network_is_told_a_thousand_times_sigma(prior):
    cond = prior.embed("a city").at(VIEWS)
    time = torch.full((3,), 1000 * prior.schedule.sigma(500))
    answer = prior.transformer(noise(prior), *cond.positive, time).sample
    close(predict(prior, 1), noise(prior) + prior.schedule.alpha(500) * answer, 1e-5)


def test_guidance_leads_from_the_negative_prompt_to_the_prompt(prior):
    low, high = predict(prior, 0), predict(prior, 1)
    assert not torch.allclose(low, high)
    close(predict(prior, 7.5), low + 7.5 * (high - low), 1e-5)


def test_chunks_change_nothing(flow_checkpoint, prior):
    close(predict(FlowPrior(str(flow_checkpoint), batch=1), 7.5), predict(prior, 7.5), 1e-5)


@pytest.mark.parametrize(("guidance", "calls"), [(0, 3), (1, 3), (7.5, 6)])
def test_every_network_input_counts(prior, guidance, calls):
    prior.meter.reset()
    predict(prior, guidance)
    assert prior.meter.nfe == calls


def test_the_codec_centres_and_scales_latents(prior):
    picture = torch.rand(1, 3, 64, 64)
    mean = prior.vae.encode(2 * picture - 1).latent_dist.mean
    latent = (mean - 0.1) * prior.vae.config.scaling_factor
    close(prior.encode(picture), latent, 1e-6)
    decoded = prior.vae.decode(mean).sample / 2 + 0.5
    close(prior.decode(latent), decoded.clamp(0, 1), 1e-5)


@pytest.mark.parametrize(
    ("kind", "name", "missing"),
    [(FlowPrior, "checkpoint", "transformer"), (LatentPrior, "flow_checkpoint", "unet")],
)
def test_a_checkpoint_of_the_other_kind_is_named(request, kind, name, missing):
    with pytest.raises(UserError, match=f"no usable {missing} there"):
        kind(str(request.getfixturevalue(name)))


def test_a_unet_may_predict_a_flow_too(tmp_path, checkpoint):
    parts = PLAIN | {"scheduler": FLOW["scheduler"]}
    prior = LatentPrior(str(small_checkpoint.save(tmp_path / "flow_unet", parts)))
    (told,) = prior.embed("a city").at(VIEWS).positive
    answer = prior.unet(noise(prior), 1000 * prior.schedule.sigma(500), told).sample
    close(predict(prior, 1), noise(prior) + prior.schedule.alpha(500) * answer, 1e-5)


@pytest.mark.parametrize("method", ["multidiffusion", "stochsync method.ode_steps=3"])
def test_methods_run_on_it(flow_checkpoint, tmp_path, method):
    """The command refuses an image that is not finite."""
    chosen = ["prior=sd3", f"prior.path={flow_checkpoint}", "prior.precision=fp32", "task=wide"]
    settings = [*f"method={method}".split(), "method.steps=2", f"results={tmp_path}"]
    answer = command_line.run(*chosen, *settings)
    assert answer.code == 0, answer.err
    (row,) = [json.loads(path.read_text()) for path in tmp_path.rglob("*-s0.json")]
    assert row["nfe"] > 0
    assert row["nfe"] % 2 == 0  # two branches of guidance


# Exact data


def exact(x: torch.Tensor, prior: Gaussian, t: int) -> torch.Tensor:
    """Where the flow takes x: standardised values stay what they are."""
    alpha, sigma = prior.schedule.alpha(t), prior.schedule.sigma(t)
    spread = (alpha**2 * prior.std**2 + sigma**2) ** 0.5
    return prior.mean + prior.std * (x - alpha * prior.mean) / spread


@pytest.mark.parametrize("solve", SOLVERS.values(), ids=SOLVERS)
@pytest.mark.parametrize("shift", [1.0, 3.0])
def test_solvers_converge_to_the_exact_flow(solve, shift):
    prior = Gaussian((1, 4, 4), Schedule.flow(shift), mean=0.7, std=0.5)
    x = streams().normal("x", (1, 1, 4, 4))
    errors = [
        (solve(prior, x, 999, Everywhere(), 1.0, n) - exact(x, prior, 999)).abs().max()
        for n in (10, 50, 1000)
    ]
    assert errors[2] < errors[1] < errors[0]
    assert errors[2] < 1e-2


def test_a_score_is_exact_on_any_path():
    """E[x0 | x] of a Gaussian, by the formula for alpha and sigma as they are."""
    prior = Gaussian((1, 4, 4), Schedule.flow(), mean=0.7, std=0.5)
    x, t = streams().normal("x", (1, 1, 4, 4)), 500
    alpha, sigma = prior.schedule.alpha(t), prior.schedule.sigma(t)
    gain = alpha * prior.std**2 / (alpha**2 * prior.std**2 + sigma**2)
    expected = prior.mean + gain * (x - alpha * prior.mean)
    eps = prior.predict(x, t, Everywhere(), 1.0)
    close(prior.schedule.x0(x, eps, t), expected, 1e-10)


@pytest.mark.parametrize("method", [MultiDiffusion(steps=6), SyncTweedies(steps=6)], ids=str)
def test_one_view_is_plain_ddim_on_a_flow_too(method):
    space = image()
    prior = prior_of(space, schedule=Schedule.flow())
    close(last(method, prior, space), last(DDIM(steps=6), prior, space), 1e-9)


def test_stochsync_keeps_mean_and_variance_on_a_flow():
    space = wide(width=256)
    prior = prior_of(space, schedule=Schedule.flow(), mean=0.7, std=0.5)
    z = last(StochSync(steps=8, ode_steps=100), prior, space)
    assert z.mean() == pytest.approx(0.7, abs=0.05)
    assert z.std() == pytest.approx(0.5, abs=0.05)
