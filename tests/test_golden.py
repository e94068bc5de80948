"""Trajectories of the authors' own code, step by step, from the noises they recorded.

The recordings lie in ../shared/golden (see its README for what agreement to expect); without that
folder these tests are skipped.
"""

from pathlib import Path

import pytest
import torch

from synclab.errors import UserError
from synclab.priors.latent import LatentPrior
from synclab.replay import NEGATIVE_PROMPT, Recording, replay

GOLDEN = Path(__file__).resolve().parents[2] / "shared" / "golden"
PRIOR = str(GOLDEN / "tiny_sd")

pytestmark = pytest.mark.skipif(
    not GOLDEN.is_dir(), reason=f"the authors' recordings are not there: {GOLDEN}"
)


@pytest.fixture(scope="module")
def panorama() -> Recording:
    return Recording(GOLDEN / "stochsync_panorama_ddim_golden.npz")


def test_prompts_are_encoded_as_recorded(panorama: Recording) -> None:
    text = LatentPrior(PRIOR, negative_prompt=NEGATIVE_PROMPT).embed(
        panorama.settings["text_prompt"]
    )
    recorded = torch.from_numpy(panorama.arrays["init/text_embeddings_neg_pos"])
    both = torch.cat([text.negative, text.positive])
    torch.testing.assert_close(both, recorded, rtol=0, atol=1e-5)


def test_stochsync_leaves_the_recorded_canvas_after_every_round(panorama: Recording) -> None:
    differences = list(replay(panorama, PRIOR))
    assert len(differences) == panorama.settings["max_steps"]
    assert all(difference.within for difference in differences), differences


@pytest.mark.parametrize("key", ["fov", "guidance_scale", "warmup_steps"])
def test_another_setting_is_found_out(key: str) -> None:
    wrong = Recording(GOLDEN / "stochsync_panorama_ddim_golden.npz")
    wrong.settings[key] += 1
    assert not all(difference.within for difference in replay(wrong, PRIOR))


def test_a_model_without_a_replay_is_named(panorama: Recording) -> None:
    with pytest.raises(UserError, match="model=image: no replay"):
        list(replay(Recording(GOLDEN / "golden_ddim_image.npz"), PRIOR))
