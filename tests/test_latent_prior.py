"""The loader of Stable Diffusion folders, on a small one with random weights."""

import logging
from typing import Any

import pytest
import small_checkpoint
import torch
from conftest import close, streams

from synclab.priors.latent import LatentPrior
from synclab.schedule import Schedule

checkpoint = small_checkpoint.checkpoint
VIEWS = ((0.0,), (1.0,), (2.0,))


@pytest.fixture(scope="module")
def prior(checkpoint) -> LatentPrior:
    return LatentPrior(str(checkpoint))


def noise(prior: LatentPrior) -> torch.Tensor:
    return streams().normal("x", (len(VIEWS), *prior.shape)).float()


def predict(prior: LatentPrior, guidance: float, prompt: str = "a green meadow") -> torch.Tensor:
    return prior.predict(noise(prior), 500, prior.embed(prompt).at(VIEWS), guidance)


def test_sizes_come_from_the_checkpoint(prior):
    assert (prior.shape, prior.image_size) == ((4, 8, 8), small_checkpoint.SIZE)


def test_schedule_is_the_checkpoints(prior):
    saved = small_checkpoint.scheduler().alphas_cumprod.double()
    close(prior.schedule.abar, saved, 0)
    close(prior.schedule.abar, Schedule.scaled_linear().abar, 1e-5)


def test_chunks_change_nothing(checkpoint, prior):
    single = LatentPrior(str(checkpoint), batch=1)
    close(predict(single, 7.5), predict(prior, 7.5), 1e-5)
    image = torch.rand(3, 3, prior.image_size, prior.image_size)
    close(single.encode(image), prior.encode(image), 1e-5)
    close(single.decode(noise(prior)), prior.decode(noise(prior)), 1e-5)


def test_guidance_leads_from_the_negative_prompt_to_the_prompt(prior):
    eps_u, eps_c = predict(prior, 0), predict(prior, 1)
    assert not torch.allclose(eps_u, eps_c)
    close(predict(prior, 7.5), eps_u + 7.5 * (eps_c - eps_u), 1e-5)


def test_guidance_zero_sees_the_negative_prompt_alone(checkpoint, prior):
    other = LatentPrior(str(checkpoint), negative_prompt="a desert")
    close(predict(prior, 0, "a city"), predict(prior, 0, "a desert"), 0)
    close(predict(other, 0), predict(prior, 1, "a desert"), 1e-6)


@pytest.mark.parametrize(("guidance", "calls"), [(0, 3), (1, 3), (7.5, 6)])
def test_every_network_input_counts(prior, guidance, calls):
    prior.meter.reset()
    predict(prior, guidance)
    assert prior.meter.nfe == calls
    assert list(prior.meter.seconds()) == ["denoiser"]


def test_codec_shapes_and_ranges(prior):
    image = torch.rand(2, 3, prior.image_size, prior.image_size)
    latent = prior.encode(image)
    assert latent.shape == (2, *prior.shape)
    decoded = prior.decode(100 * latent)
    assert decoded.shape == image.shape
    assert decoded.min() >= 0
    assert decoded.max() <= 1


def test_codec_scales_the_posterior_mean(prior):
    image = torch.rand(1, 3, prior.image_size, prior.image_size)
    mean = prior.vae.encode(2 * image - 1).latent_dist.mean
    close(prior.encode(image), mean * prior.vae.config.scaling_factor, 1e-6)


def test_prompts_arrive(prior):
    """An incomplete tokenizer folder loads as one of two tokens, and every prompt is the same."""
    assert len(prior.tokenizer) > 100
    texts = [prior.embed(text).positive for text in ("", "a desert", "a city", "a city at night")]
    for i, text in enumerate(texts):
        assert not any(torch.allclose(text, other) for other in texts[:i])


def test_equal_prompts_are_encoded_once(prior):
    first = prior.embed("a sandy desert")
    assert prior.embed("a sandy desert").positive is first.positive
    assert first.negative is prior.embed("a city").negative


def test_a_long_prompt_is_cut_with_a_warning(prior, caplog):
    limit = prior.tokenizer.model_max_length
    words = " ".join(["desert"] * (limit - 2))
    with caplog.at_level(logging.WARNING):
        fits = prior.embed(words).positive
        assert not caplog.records
        cut = prior.embed(words + " a green meadow").positive
    assert fits.shape == cut.shape == (1, limit, 16)
    close(cut, fits, 1e-6)
    assert "lost: 'a green meadow'" in caplog.text


def test_half_precision_is_close_and_answers_in_float(checkpoint, prior):
    half = LatentPrior(str(checkpoint), precision="bf16")
    assert half.unet.dtype == half.vae.dtype == torch.bfloat16
    full, rough = predict(prior, 1), predict(half, 1)
    assert rough.dtype == torch.float32
    assert (rough - full).norm() < 0.03 * full.norm()
    assert half.decode(noise(prior)).dtype == half.encode(image(half)).dtype == torch.float32


def image(prior: LatentPrior) -> torch.Tensor:
    return torch.rand(1, 3, prior.image_size, prior.image_size)


def test_weights_ask_for_no_gradient(prior):
    networks: list[Any] = [prior.unet, prior.vae, prior.text_encoder]
    assert not any(p.requires_grad for network in networks for p in network.parameters())
    assert not predict(prior, 7.5).requires_grad
