"""The making of the embedded depth model: its views, its first weights, a step of training."""

from pathlib import Path

import torch
from conftest import close

from scripts.embedded.depth.denoiser import CHUNK, export_depth, shown, train_depth, widened
from scripts.embedded.depth.score import agreement
from scripts.embedded.depth.views import draw_depth_views, draw_solids, draw_world
from scripts.embedded.training.trainer import Plan
from synclab.priors.depth_channel import DepthChannelPrior
from synclab.priors.latent import LatentPrior


def _seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_disparity_is_1_at_the_nearest_pixel_and_0_beside_a_solid():
    views = draw_solids(4, _seeded())
    assert (views.disparity.amax((1, 2, 3)) == 1).all()
    assert (views.disparity[..., 0] == 0).all()


def test_the_sky_has_no_disparity_and_the_ground_has():
    views = draw_world(16, _seeded(1))
    assert views.disparity.min() == 0 and views.disparity.max() == 1
    top, bottom = views.disparity[:, :, :8].mean(), views.disparity[:, :, -8:].mean()
    assert top < 0.5 * bottom


def test_every_view_spans_the_channels_range_as_it_does_alone():
    views = draw_solids(3, _seeded(2))
    seen = shown(views.disparity, 16)
    assert (seen.amin((1, 2, 3)) == -1).all() and (seen.amax((1, 2, 3)) == 1).all()
    close(seen[1:2], shown(views.disparity[1:2], 16), 1e-6)


def test_a_network_that_was_just_widened_ignores_the_depth_exactly(checkpoint: Path):
    prior = LatentPrior(str(checkpoint))
    wide, x = widened(prior.unet), torch.randn(2, *prior.shape, generator=_seeded())
    text = prior.encode_text("a city")[0].expand(2, -1, -1)
    depth = torch.randn(2, 1, *prior.shape[1:], generator=_seeded(1))
    with torch.no_grad():
        found = wide(torch.cat([x, depth], 1), 500, text).sample
        assert torch.equal(found, prior.unet(x, 500, text).sample)


def test_a_chunk_depends_on_its_seed_only():
    first, second = (draw_depth_views(CHUNK, _seeded(7)) for _ in range(2))
    assert torch.equal(first.images, second.images) and first.captions == second.captions
    assert not torch.equal(first.images, draw_depth_views(CHUNK, _seeded(8)).images)


def test_a_step_of_training_teaches_the_channel_and_ends_in_a_checkpoint(
    tmp_path: Path, checkpoint: Path
):
    plan = Plan(steps=1, cooldown=0, batch=1, device="cpu", seed=0)
    train_depth(tmp_path / "depth", checkpoint, plan)
    export_depth(tmp_path / "depth", checkpoint, tmp_path / "made")
    prior, views = DepthChannelPrior(str(tmp_path / "made")), draw_solids(1, _seeded(3))
    close(prior.show(views.disparity), shown(views.disparity, prior.shape[1]), 1e-6)
    assert prior.unet.conv_in.weight[:, -1].abs().max() > 0
    assert len(list((tmp_path / "depth" / "previews").glob("*.png"))) == 1


def test_the_score_tells_pictures_that_follow_their_depth_from_others():
    views = draw_solids(8, _seeded(4))
    own = agreement(views.images, views.disparity)
    other = agreement(views.images, views.disparity.roll(1, 0))
    noise = agreement(torch.rand(views.images.shape, generator=_seeded()), views.disparity)
    assert own["outline_contrast"] > 1.5 * other["outline_contrast"]
    assert own["background_gradient"] < 0.01 < 0.1 < other["background_gradient"]
    assert 0.9 < noise["outline_contrast"] < 1.1 and 0.9 < noise["background_gradient"] < 1.1
