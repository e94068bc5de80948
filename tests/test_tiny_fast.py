"""The committed student: small, and after a few calls what its teacher is after many."""

import pytest
import torch

from scripts.embedded.data.prompts import Prompt
from scripts.embedded.data.views import CAPTIONS
from scripts.embedded.latent.latents import Latents, encode
from scripts.embedded.latent.score import true_views
from scripts.embedded.latent.student import consistency_loss, draw_paths, sample
from scripts.embedded.latent.unet import Captioned, tokenize_captions
from synclab.judges.classifier import Judge, verdicts
from synclab.places import ASSETS
from synclab.priors.latent import LatentPrior
from synclab.priors.lora import FILE
from synclab.world import KINDS, TIMES

TINY = ASSETS / "tiny"
LORA = ASSETS / "tiny_fast" / FILE
ASKED = [
    ("desert", "night", "a sandy desert at night"),
    ("ocean", "sunset", "the ocean at sunset"),
    ("canyon", "day", "a red rock canyon on a bright day"),
    ("forest", "dawn", "a pine forest at dawn"),
]

pytestmark = pytest.mark.skipif(not LORA.is_file(), reason=f"no weights yet: {LORA}")


@pytest.fixture(scope="module")
def student() -> LatentPrior:
    return LatentPrior(str(TINY), lora=str(LORA))


def test_the_file_is_small():
    assert LORA.stat().st_size < 6e6


def test_four_calls_without_guidance_show_what_was_asked_for(student: LatentPrior):
    images = sample(student, [text for *_, text in ASKED], calls=4)
    kinds, times = verdicts(Judge.load(), images)
    wrong = [text for (kind, _, text), i in zip(ASKED, kinds, strict=True) if KINDS[i] != kind]
    wrong += [text for (_, time, text), i in zip(ASKED, times, strict=True) if TIMES[i] != time]
    assert len(wrong) <= 1  # of eight verdicts


def captioned(prior: LatentPrior) -> Captioned:
    """The latents of a view of the world for each text, under that text."""
    views = true_views([Prompt(text, kind, time, "plain") for kind, time, text in ASKED])
    latents = encode(prior.vae, (255 * views).byte()).numpy()
    tokens = tokenize_captions(prior.tokenizer, [[text] * CAPTIONS for *_, text in ASKED])
    scaled = Latents(latents, prior.vae.config.scaling_factor)
    return Captioned(scaled, tokens, tokens[0, 0], prior.device)


def test_one_call_is_nearer_to_the_paths_ends_than_the_teachers_own(student: LatentPrior):
    teacher = LatentPrior(str(TINY), lora=str(TINY / FILE))
    generator = torch.Generator().manual_seed(123456)
    paths = draw_paths(teacher, captioned(teacher), 2, 5.0, generator)
    with torch.no_grad():
        own, others = (float(consistency_loss(prior, paths).mean()) for prior in (student, teacher))
    assert own < 0.8 * others
