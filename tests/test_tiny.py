"""The embedded prior: small, whole, and it draws what it is asked for."""

from pathlib import Path

import pytest
import torch

from synclab.core.streams import Streams
from synclab.judges.classifier import Judge, verdicts
from synclab.priors.latent import LatentPrior
from synclab.priors.lora import FILE
from synclab.tasks.directions import UP
from synclab.world import KINDS, TIMES, render_views, sample_scenes

FOLDER = Path(__file__).resolve().parents[1] / "synclab" / "assets" / "tiny"
ASKED = [
    ("desert", "night", "a sandy desert at night"),
    ("mountains", "day", "snowy mountains under a blue sky"),
    ("ocean", "sunset", "the ocean at sunset"),
    ("meadow", "dawn", "a meadow at dawn"),
    ("forest", "day", "a pine forest in daylight"),
    ("canyon", "night", "a red rock canyon under a starry sky"),
    ("library", None, "an old library with books"),
    ("coral reef", None, "a coral reef with fish"),
]


@pytest.fixture(scope="module")
def prior() -> LatentPrior:
    return LatentPrior(str(FOLDER), lora=str(FOLDER / FILE))


def draw(prior: LatentPrior, texts: list[str]) -> torch.Tensor:
    """One plain sample for each prompt: ten DDIM steps from a fixed noise."""
    first, *others = map(prior.embed, texts)
    text = first.join(others)
    x = Streams("tiny", 0).normal("start", (len(texts), *prior.shape))
    for t, s in prior.schedule.steps(10):
        x0 = prior.schedule.x0(x, prior.predict(x, t, text, 5.0), t)
        x = prior.schedule.ddim(x, x0, t, s)
    return prior.decode(x)


@pytest.fixture(scope="module")
def samples(prior: LatentPrior) -> torch.Tensor:
    return draw(prior, [text for *_, text in ASKED])


def test_it_is_small_enough_for_the_repository() -> None:
    size = sum(file.stat().st_size for file in FOLDER.rglob("*") if file.is_file())
    assert size <= 64e6


def test_the_vae_keeps_28_decibels_of_views_it_has_never_seen(prior: LatentPrior) -> None:
    scenes = sample_scenes(16, torch.Generator().manual_seed(123456))
    azimuth = torch.linspace(0, 337.5, 16)
    views, _ = render_views(scenes, azimuth, torch.zeros(16), prior.image_size, 72.0)
    error = (prior.decode(prior.encode(views)) - views).square().mean((1, 2, 3))
    assert (-10 * error.log10()).mean() >= 28


def test_samples_show_the_scene_that_was_asked_for(samples: torch.Tensor) -> None:
    kinds, _ = verdicts(Judge.load(), samples)
    right = [KINDS[kind] == asked for kind, (asked, *_) in zip(kinds, ASKED, strict=True)]
    assert sum(right) >= len(ASKED) - 1


def test_samples_show_the_time_of_day_that_was_asked_for(samples: torch.Tensor) -> None:
    _, times = verdicts(Judge.load(), samples)
    right = [TIMES[t] == time for t, (_, time, _) in zip(times, ASKED, strict=True) if time]
    assert sum(right) >= len(right) - 1


def test_another_prompt_gives_another_picture(prior: LatentPrior) -> None:
    x = Streams("tiny", 1).normal("start", (1, *prior.shape))
    first, second = (
        prior.predict(x, 500, prior.embed(text), 5.0) for text in ("a desert", "a coral reef")
    )
    assert (first - second).abs().mean() > 0.01


def test_a_view_up_shows_more_of_the_sky_than_a_level_one(prior: LatentPrior) -> None:
    texts = [form.format(prompt="a green meadow on a sunny day") for form in ("{prompt}", UP)]
    level, up = draw(prior, texts).argmax(1).eq(2).float().mean((1, 2))
    assert up > level + 0.15  # shares of pixels that are blue
