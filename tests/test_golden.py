"""Trajectories of the authors' own code, step by step, from the noises they recorded.

The recordings lie in ../shared/golden (see its README for what agreement to expect); without that
folder these tests are skipped.
"""

from pathlib import Path

import pytest
import torch

from synclab.errors import UserError
from synclab.priors.latent import LatentPrior
from synclab.replay.compare import NEGATIVE_PROMPT, Deviation, replay
from synclab.replay.recording import Recording

GOLDEN = Path(__file__).resolve().parents[2] / "shared" / "golden"
PRIOR = str(GOLDEN / "tiny_sd")
PANORAMA = "stochsync_panorama_ddim_golden"
NAMES = [PANORAMA, "golden_ddim_image", "golden_sds_image", "golden_inpainting"]

pytestmark = pytest.mark.skipif(
    not GOLDEN.is_dir(), reason=f"the authors' recordings are not there: {GOLDEN}"
)


def recording(name: str = PANORAMA) -> Recording:
    return Recording(GOLDEN / f"{name}.npz")


def test_prompts_are_encoded_as_recorded() -> None:
    text = LatentPrior(PRIOR, negative_prompt=NEGATIVE_PROMPT).embed("a golden test panorama")
    recorded = recording().get("init/text_embeddings_neg_pos")
    both = torch.cat([*text.negative, *text.positive])
    torch.testing.assert_close(both, recorded, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_every_step_leaves_the_recorded_state(name: str) -> None:
    differences = list(replay(recording(name), PRIOR))
    assert len(differences) == recording(name).settings["max_steps"]
    assert all(difference.within for difference in differences), differences


@pytest.mark.parametrize(
    ("name", "key"),
    [
        (PANORAMA, "fov"),
        (PANORAMA, "guidance_scale"),
        (PANORAMA, "warmup_steps"),
        ("golden_ddim_image", "guidance_scale"),
        ("golden_ddim_image", "t_max"),
        ("golden_sds_image", "learning_rate"),
        ("golden_inpainting", "ode_steps"),
    ],
)
def test_another_setting_is_found_out(name: str, key: str) -> None:
    wrong = recording(name)
    wrong.settings[key] -= 0.01 if isinstance(wrong.settings[key], float) else 1
    assert not all(difference.within for difference in replay(wrong, PRIOR))


def test_a_model_without_a_replay_is_named() -> None:
    strange = recording()
    strange.settings["mode"] = "mesh"
    with pytest.raises(UserError, match="model=mesh: no replay"):
        list(replay(strange, PRIOR))


def test_the_distance_of_most_cells_leaves_out_one_in_a_thousand() -> None:
    zero, one = torch.zeros(2000), torch.zeros(2000)
    one[:2] = 1.0
    assert Deviation.between(zero, one) == Deviation(largest=1.0, most=0.0)
    one[2] = 1.0
    assert Deviation.between(zero, one).most == 1.0
