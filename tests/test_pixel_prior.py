"""Priors of pixels: the embedded one's format and DeepFloyd IF's."""

from dataclasses import replace
from pathlib import Path

import command_line
import pytest
import small_checkpoint
import torch
import torch.nn.functional as F
from conftest import close
from huggingface_hub.errors import GatedRepoError
from PIL import Image

from synclab.core.protocols import Sample, Views
from synclab.errors import UserError
from synclab.priors import t5
from synclab.priors.branches import Branches
from synclab.priors.deepfloyd import DeepFloyd, DeepFloydUpscaler
from synclab.priors.pixel import PixelPrior
from synclab.priors.threshold import dynamic, read_threshold, static
from synclab.tasks.ambiguous import AmbiguousTask

VIEWS: Views = ((0.0,), (1.0,))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_checkpoint.save(tmp_path_factory.mktemp("pixels") / "p", small_checkpoint.PIXELS)


@pytest.fixture(scope="module")
def if_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_checkpoint.save(tmp_path_factory.mktemp("if") / "p", small_checkpoint.IF_1)


@pytest.fixture
def prior(folder: Path) -> PixelPrior:
    return PixelPrior(str(folder))


@pytest.fixture
def if_1(if_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DeepFloyd:
    monkeypatch.setenv("SYNCLAB_CACHE", str(tmp_path / "cache"))
    return DeepFloyd(str(if_folder))


def noise(prior: PixelPrior) -> torch.Tensor:
    return torch.randn(2, *prior.shape, generator=torch.Generator().manual_seed(0))


def condition(prior: PixelPrior, prompt: str = "a desert") -> Branches:
    return prior.embed(prompt).at(VIEWS)


def test_images_are_what_is_denoised(prior: PixelPrior) -> None:
    image = torch.rand(2, 3, 16, 16)
    assert prior.shape == (3, 16, 16) and (prior.image_size, prior.factor) == (16, 1)
    close(prior.decode(prior.encode(image)), image, 1e-6)
    assert prior.encode(image).aminmax() == (2 * image - 1).aminmax()


def test_decoded_images_are_clamped_and_encoded_ones_are_not(prior: PixelPrior) -> None:
    image = torch.full((1, 3, 16, 16), 1.2)
    close(prior.encode(image), 2 * image - 1, 1e-6)
    assert prior.decode(prior.encode(image)).max() == 1


def test_a_patch_is_one_place_of_the_network(prior: PixelPrior) -> None:
    x, context = noise(prior), condition(prior).positive[0]
    expected = prior.unet(F.pixel_unshuffle(x, 4), torch.tensor(500), context).sample
    close(prior.answer(500, x, context), F.pixel_shuffle(expected, 4), 1e-6)


def test_the_network_predicts_the_clean_image(folder: Path) -> None:
    prior = PixelPrior(str(folder), threshold=False)
    x, cond = noise(prior), condition(prior)
    x0 = prior.schedule.x0(x, prior.predict(x, 500, cond, 1.0), 500)
    close(x0, prior.answer(500, x, *cond.positive), 1e-4)


@pytest.mark.parametrize("t", [0, 500, 999])
def test_clean_estimates_are_clipped_under_any_guidance(prior: PixelPrior, t: int) -> None:
    x = noise(prior)
    x0 = prior.schedule.x0(x, prior.predict(x, t, condition(prior), 30.0), t)
    assert x0.abs().max() <= 1.05


def test_clipping_can_be_left_out(folder: Path) -> None:
    prior = PixelPrior(str(folder), threshold=False)
    x = noise(prior)
    x0 = prior.schedule.x0(x, prior.predict(x, 500, condition(prior), 30.0), 500)
    assert x0.abs().max() > 1.5


def test_dynamic_clipping_divides_by_what_most_values_stay_below() -> None:
    x0 = torch.linspace(-1.2, 1.2, 101).view(1, 1, 1, 101)
    clipped = dynamic(0.5, 1.5)(x0)  # half of all magnitudes are below 0.6
    close(clipped, x0.clamp(-1, 1), 1e-6)
    close(dynamic(1.0, 1.5)(x0), x0 / 1.2, 1e-6)
    close(dynamic(1.0, 1.1)(x0), (x0 / 1.1).clamp(-1, 1), 1e-6)


def test_a_scheduler_file_says_how_to_clip() -> None:
    x0 = torch.tensor([-3.0, 0.5, 3.0]).view(1, 3, 1, 1)
    dynamically = {"thresholding": True, "dynamic_thresholding_ratio": 1, "sample_max_value": 9}
    assert torch.equal(read_threshold({})(x0), x0)
    assert torch.equal(read_threshold({"clip_sample": True})(x0), static(1)(x0))
    assert torch.equal(read_threshold(dynamically | {"clip_sample": True})(x0), x0 / 3)


def test_a_latent_model_is_refused(checkpoint: Path) -> None:
    with pytest.raises(UserError, match="takes images of 4 channels; expected 3, or 3 p\\^2"):
        PixelPrior(str(checkpoint))


def test_a_folder_without_a_text_encoder_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "unet").symlink_to(folder / "unet")
    with pytest.raises(UserError, match=r"text_encoder, tokenizer, scheduler missing; .*format"):
        PixelPrior(str(tmp_path))


# DeepFloyd IF


def test_variances_are_dropped(if_1: DeepFloyd) -> None:
    x, context = noise(if_1), condition(if_1).positive[0].float()
    expected = if_1.unet(x, torch.tensor(500), context).sample
    assert expected.shape == (2, 6, 16, 16)
    close(if_1.answer(500, x, context), expected[:, :3], 1e-6)


def test_estimates_are_clipped_where_nothing_but_noise_is_left(if_1: DeepFloyd) -> None:
    x = noise(if_1)
    x0 = if_1.schedule.x0(x, if_1.predict(x, 999, condition(if_1), 7.0), 999)
    assert x0.abs().max() <= 1.1


def test_texts_are_encoded_as_the_pipeline_does(if_1: DeepFloyd) -> None:
    tokens = if_1.tokenizer(
        "a desert", padding="max_length", max_length=77, truncation=True, return_tensors="pt"
    )
    encoder = if_1.parts.text_encoder(small_checkpoint.T5EncoderModel, "text_encoder")
    expected = encoder(tokens.input_ids, attention_mask=tokens.attention_mask)[0]
    close(if_1.embed("A desert ").positive[0], expected.half(), 0)


def test_the_text_encoder_leaves_the_memory_before_denoising(if_1: DeepFloyd) -> None:
    cond = condition(if_1)
    assert if_1.texts.is_loaded
    if_1.predict(noise(if_1), 500, cond, 7.0)
    assert not if_1.texts.is_loaded


def test_a_text_is_encoded_once_for_all_runs(if_1: DeepFloyd, if_folder: Path) -> None:
    first, again = condition(if_1), DeepFloyd(str(if_folder))
    second = condition(again)
    assert torch.equal(first.positive[0], second.positive[0]) and not again.texts.is_loaded
    again.embed("another text")
    assert again.texts.is_loaded


def test_another_text_encoder_has_its_own_embeddings(if_1: DeepFloyd, tmp_path: Path) -> None:
    torch.manual_seed(1)
    parts = small_checkpoint.IF_1
    other = tmp_path / "other"
    for name, make in parts.items():
        make().save_pretrained(other / name)
    first, second = (condition(p).positive[0] for p in (if_1, DeepFloyd(str(other))))
    assert not torch.equal(first, second)


def test_a_long_text_is_cut_with_a_warning(
    if_1: DeepFloyd, caplog: pytest.LogCaptureFixture
) -> None:
    if_1.embed("a " * t5.LENGTH)
    assert "cut to 77" in caplog.text


def test_attention_of_text_and_image_together_is_refused(if_1: DeepFloyd) -> None:
    with pytest.raises(UserError, match="attention is of text and image together"):
        if_1.attention(noise(if_1), 500, condition(if_1))


def test_the_embedded_format_has_attention_maps(prior: PixelPrior) -> None:
    cross, own = prior.attention(noise(prior), 500, condition(prior))
    assert cross.shape[2:] == (16, 16) and own.shape[1] == own.shape[2]


# Its stage II


@pytest.fixture
def if_2(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> DeepFloydUpscaler:
    monkeypatch.setenv("SYNCLAB_CACHE", str(tmp_path / "cache"))
    folder = tmp_path_factory.mktemp("if") / "p"
    return DeepFloydUpscaler(str(small_checkpoint.save(folder, small_checkpoint.IF_2)))


SAMPLE = Sample("pair", "a desert | a sea", 0)


@pytest.fixture
def started(tmp_path: Path) -> AmbiguousTask:
    """A task that begins with a small picture, dark below."""
    picture = Image.new("RGB", (4, 4), "white")
    picture.paste("black", (0, 2, 4, 4))
    picture.save(tmp_path / "pair.png")
    return AmbiguousTask(start=str(tmp_path))


def enlarging(task: AmbiguousTask, prior: PixelPrior) -> Branches:
    cond = task.condition(prior, SAMPLE).at(task.canvas(prior, "rgb").all_views())
    assert isinstance(cond, Branches)
    return cond


def test_each_view_sees_the_small_picture_as_it_sees_the_large_one(
    if_2: DeepFloydUpscaler, started: AmbiguousTask
) -> None:
    if_2.noise_level = 0
    coarse = enlarging(started, if_2).positive[1]
    upright, turned = coarse.mean((1, 3))  # by row
    close(turned, upright.flip(0), 1e-6)
    assert upright[0] > 0.8 and upright[-1] < -0.8


def test_the_small_picture_is_noised_alike_in_both_branches_and_every_time(
    if_2: DeepFloydUpscaler, started: AmbiguousTask
) -> None:
    if_2.noise_level = 500
    first, second = enlarging(started, if_2), enlarging(started, if_2)
    assert torch.equal(first.positive[1], first.negative[1])
    assert torch.equal(first.positive[1], second.positive[1])
    noise = first.positive[1][0] - first.positive[1][1].rot90(2, (1, 2))
    close(noise, 0 * noise, 1e-6)


def test_the_network_sees_state_small_picture_and_noise_level(
    if_2: DeepFloydUpscaler, started: AmbiguousTask
) -> None:
    x, cond = noise(if_2), enlarging(started, if_2)
    context, coarse = (part.float() for part in cond.positive)
    expected = if_2.unet(
        torch.cat([x, coarse], 1), torch.tensor(500), context, class_labels=torch.tensor([50, 50])
    ).sample[:, :3]
    close(if_2.answer(500, x, context, coarse), expected, 1e-6)


def test_pictures_and_a_prior_that_enlarges_them_need_each_other(
    prior: PixelPrior, if_2: DeepFloydUpscaler, started: AmbiguousTask
) -> None:
    started.check_prior(if_2, "if_2")
    AmbiguousTask().check_prior(prior, "tiny_pixels")
    with pytest.raises(UserError, match=r"prior=if_2: enlarges pictures, and task.start=null"):
        AmbiguousTask().check_prior(if_2, "if_2")
    with pytest.raises(UserError, match=r"task.start=.*: prior=tiny_pixels enlarges no pictures"):
        started.check_prior(prior, "tiny_pixels")


def test_a_sample_without_its_small_picture_is_named(if_2: DeepFloydUpscaler, started) -> None:
    with pytest.raises(UserError, match="no picture of other there; make it first"):
        started.condition(if_2, Sample("other", "a desert | a sea", 0))


def test_a_licence_that_was_not_accepted_is_named_with_its_page(if_1: DeepFloyd) -> None:
    refusal = GatedRepoError.__new__(GatedRepoError)  # without the reply that it would describe

    class Gated:
        @staticmethod
        def from_pretrained(name: str, **options: object) -> None:
            raise OSError("not a valid model identifier") from refusal

    parts = replace(if_1.parts, path="DeepFloyd/IF-I-XL-v1.0@abc")
    with pytest.raises(UserError, match=r"accept a licence first; .*/DeepFloyd/IF-I-XL-v1.0, then"):
        parts.tokenizer(Gated, "tokenizer")


# In runs


@pytest.mark.parametrize(
    ("method", "task"),
    [
        ("visual_anagrams", "ambiguous"),
        ("syncsde", "ambiguous"),
        ("stochsync", "inpainting"),
        ("syncdiffusion", "wide"),
        ("synctweedies", "panorama"),
        ("sds", "factorized"),
    ],
)
def test_a_pixel_prior_serves_tasks_and_methods(
    folder: Path, tmp_path: Path, method: str, task: str
) -> None:
    words = [f"method={method}", f"task={task}", "prior=tiny_pixels", f"prior.path={folder}"]
    answer = command_line.run(*words, "method.steps=2", "num_threads=1", f"results={tmp_path}")
    assert answer.code == 0, answer.err
    (row,) = command_line.rows(tmp_path)
    assert row.removesuffix(".json") + ".png" in command_line.images(tmp_path)
