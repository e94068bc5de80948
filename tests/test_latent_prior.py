"""The loader of Stable Diffusion folders, on a small one with random weights."""

import logging
from pathlib import Path
from typing import Any

import command_line
import pytest
import small_checkpoint
import torch
from conftest import close, streams
from small_checkpoint import VELOCITY

from synclab.core.schedule import Schedule
from synclab.errors import UserError
from synclab.jobs.session import load_prior
from synclab.priors.branches import Inputs
from synclab.priors.latent import LatentPrior
from synclab.priors.prompted import warn_of_gradient, warn_of_guidance

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
    close(prior.schedule.abar, saved, 1e-15)
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


def test_guiding_a_distilled_prior_again_warns_once(checkpoint, caplog):
    warn_of_guidance.cache_clear()
    distilled = LatentPrior(str(checkpoint), distilled=True)
    predict(distilled, 1)
    assert not caplog.records
    for _ in range(2):
        predict(distilled, 7.5)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "method.guidance=7.5" in caplog.text


@pytest.mark.parametrize(("precision", "warnings"), [("fp32", 0), ("bf16", 1)])
def test_a_gradient_through_a_network_in_bfloat16_warns_once(
    checkpoint, caplog, precision, warnings
):
    warn_of_gradient.cache_clear()
    prior = LatentPrior(str(checkpoint), precision=precision)
    condition = prior.embed("a desert").at(VIEWS)
    prior.predict(noise(prior), 500, condition, 1)
    assert not caplog.records
    for _ in range(2):
        prior.predict(noise(prior).requires_grad_(), 500, condition, 1)
    found = [record.getMessage() for record in caplog.records]
    assert len(found) == warnings and all("prior.precision=bf16" in line for line in found)


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


@pytest.mark.parametrize("guidance", [1, 7.5])
def test_noise_is_what_a_velocity_network_means(prior, tmp_path, guidance):
    velocity = LatentPrior(str(small_checkpoint.save(tmp_path / "velocity", VELOCITY)))
    assert (prior.prediction, velocity.prediction) == ("epsilon", "v_prediction")
    alpha, sigma = prior.schedule.alpha(500), prior.schedule.sigma(500)
    expected = alpha * predict(prior, guidance) + sigma * noise(prior)
    close(predict(velocity, guidance), expected, 1e-5)


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
    texts = [
        prior.embed(text).positive[0] for text in ("", "a desert", "a city", "a city at night")
    ]
    for i, text in enumerate(texts):
        assert not any(torch.allclose(text, other) for other in texts[:i])


def test_equal_prompts_are_encoded_once(prior):
    first = prior.embed("a sandy desert")
    assert prior.embed("a sandy desert").positive is first.positive
    assert first.negative is prior.embed("a city").negative


def test_the_negative_prompt_outlives_any_number_of_prompts(prior):
    first = prior.embed("a sandy desert").negative
    assert all(prior.embed(str(number)).negative is first for number in range(100))


def test_a_sweep_encodes_every_text_once(checkpoint, tmp_path, monkeypatch):
    texts, encode = [], LatentPrior.encode_text

    def record(prior: LatentPrior, text: str) -> Inputs:
        texts.append(text)
        return encode(prior, text)

    monkeypatch.setattr(LatentPrior, "encode_text", record)
    load_prior.cache_clear()
    (tmp_path / "set.txt").write_text("a desert\na city\n")
    place = [
        f"prior.path={checkpoint}",
        "prior.lora=null",
        f"prompts={tmp_path}/set.txt",
        f"results={tmp_path}",
    ]
    methods = ["-m", "method=ddim,synctweedies", "method.steps=1", "task=image"]
    assert command_line.run("prior=tiny", *place, *methods).code == 0
    assert len(list(tmp_path.rglob("*.png"))) == 4
    assert sorted(texts) == ["", "a city", "a desert"]


def test_a_long_prompt_is_cut_with_a_warning(prior, caplog):
    limit = prior.tokenizer.model_max_length
    words = " ".join(["desert"] * (limit - 2))
    with caplog.at_level(logging.WARNING):
        (fits,) = prior.embed(words).positive
        assert not caplog.records
        (cut,) = prior.embed(words + " a green meadow").positive
    assert fits.shape == cut.shape == (1, limit, 16)
    close(cut, fits, 1e-6)
    assert "lost: 'a green meadow'" in caplog.text


@pytest.mark.parametrize(("precision", "error"), [("bf16", 0.03), ("fp8", 0.3)])
def test_lower_precision_is_close_and_answers_in_float(checkpoint, prior, precision, error):
    low = LatentPrior(str(checkpoint), precision=precision)
    assert low.vae.dtype == torch.bfloat16
    full, rough = predict(prior, 1), predict(low, 1)
    assert rough.dtype == torch.float32
    assert 0 < (rough - full).norm() < error * full.norm()
    assert low.decode(noise(prior)).dtype == low.encode(image(low)).dtype == torch.float32


def test_eight_bits_are_what_the_denoisers_weights_take(checkpoint):
    low = LatentPrior(str(checkpoint), precision="fp8")
    predict(low, 1)
    sizes = [p.element_size() for p in low.unet.parameters() if p.ndim > 1]
    assert set(sizes) == {1}


def test_compilation_is_asked_of_torch(checkpoint, prior, monkeypatch):
    compiled = []

    def stub(network: Any) -> Any:
        compiled.append(type(network).__name__)
        return network

    monkeypatch.setattr(torch, "compile", stub)
    close(predict(LatentPrior(str(checkpoint), compile=True), 7.5), predict(prior, 7.5), 0)
    assert compiled == ["UNet2DConditionModel"]


def image(prior: LatentPrior) -> torch.Tensor:
    return torch.rand(1, 3, prior.image_size, prior.image_size)


def test_weights_ask_for_no_gradient(prior):
    networks: list[Any] = [prior.unet, prior.vae, prior.text_encoder]
    assert not any(p.requires_grad for network in networks for p in network.parameters())
    assert not predict(prior, 7.5).requires_grad


def test_the_prior_knows_the_hash_of_its_denoiser(prior, tmp_path):
    other = LatentPrior(str(small_checkpoint.save(tmp_path / "velocity", VELOCITY)))
    assert prior.weights_hash == other.weights_hash  # they differ in the scheduler alone
    assert len(str(prior.weights_hash)) == 64


def test_a_network_of_other_channels_is_named(tmp_path: Path):
    folder = small_checkpoint.save(tmp_path / "depth", small_checkpoint.DEPTH)
    with pytest.raises(UserError, match=r"unet takes 5 channels; expected 4; .*prior=sd2_depth"):
        LatentPrior(str(folder))
