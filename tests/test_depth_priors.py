"""Priors that are shown the depth of their views: as a channel, and through a ControlNet."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import small_checkpoint
import torch
from conftest import close, streams
from torch import Tensor

from synclab.config.schema import build
from synclab.core.protocols import Views
from synclab.errors import UserError
from synclab.priors.branches import Branches, as_branches
from synclab.priors.controlnet import ControlNetPrior
from synclab.priors.depth import DepthPrior
from synclab.priors.depth_channel import DepthChannelPrior
from synclab.priors.latent import LatentPrior

VIEWS = ((0.0,), (1.0,), (2.0,))


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory, checkpoint: Path) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("depth")
    control = small_checkpoint.save(folder / "control", {"": small_checkpoint.controlnet})
    depth = small_checkpoint.save(folder / "depth", small_checkpoint.DEPTH)
    return {"plain": checkpoint, "depth": depth, "control": control}


@pytest.fixture(scope="module", params=["channel", "control"])
def make(request: pytest.FixtureRequest, folders: dict[str, Path]) -> Any:
    """Builds one of the priors, with changes; equal ones once."""
    if request.param == "channel":
        return cache(lambda **changes: DepthChannelPrior(str(folders["depth"]), **changes))
    return cache(lambda **changes: controlled(folders, **changes))


def controlled(folders: dict[str, Path], **changes: Any) -> ControlNetPrior:
    given: dict[str, Any] = {"control_path": str(folders["control"])} | changes
    return ControlNetPrior(str(folders["plain"]), **given)


def disparity(views: Views) -> Tensor:
    """A hill in the middle of every view, the higher the larger the view's number."""
    axis = torch.linspace(-1, 1, 100)
    hill = (1 - axis.square()[:, None] - axis.square()).clamp_min(0)
    return torch.stack([(0.4 + 0.3 * view[0]) * hill[None] for view in views])


def condition(prior: LatentPrior) -> Branches:
    return as_branches(prior.with_depth(prior.embed("a city"), disparity).at(VIEWS))


def shown(cond: Branches) -> Tensor:
    """The views' depth as the network is shown it."""
    return cond.positive[1]


def noise(prior: LatentPrior) -> Tensor:
    return streams().normal("x", (len(VIEWS), *prior.shape)).float()


def predict(prior: LatentPrior, cond: Any = None, t: int = 500, guidance: float = 7.5) -> Tensor:
    return prior.predict(noise(prior), t, cond or condition(prior), guidance)


def test_depth_is_seen_by_the_view_that_it_belongs_to(make):
    prior = make()
    cond = condition(prior)
    other = prior.embed("a city").at(VIEWS).beside(shown(cond).clone())
    shown(other)[1] = 0
    apart = (predict(prior, cond) - predict(prior, other)).abs().amax((1, 2, 3))
    assert apart[1] > 1e-4
    assert apart[[0, 2]].max() < 1e-5


def test_samples_that_run_together_do_not_see_each_other(make):
    """Depth is scaled among the views of one sample, before samples are joined."""
    prior = make()
    text = prior.embed("a city")
    cond, other = (prior.with_depth(text, d).at(VIEWS) for d in (disparity, steeper))
    both = prior.predict(torch.cat([noise(prior)] * 2), 500, cond.join([other]), 7.5)
    close(both, torch.cat([predict(prior, cond), predict(prior, other)]), 1e-5)


def steeper(views: Views) -> Tensor:
    return disparity(views).square()


def test_chunks_change_nothing(make):
    close(predict(make(batch=1)), predict(make()), 1e-5)


def test_guidance_leads_from_the_negative_prompt_to_the_prompt(make):
    prior = make()
    low, high = predict(prior, guidance=0), predict(prior, guidance=1)
    close(predict(prior, guidance=7.5), low + 7.5 * (high - low), 1e-5)


@pytest.mark.parametrize(("guidance", "calls"), [(1, 3), (7.5, 6)])
def test_every_network_input_counts_once(make, guidance, calls):
    prior = make()
    before = prior.meter.nfe
    predict(prior, guidance=guidance)
    assert prior.meter.nfe - before == calls


@pytest.mark.parametrize("precision", ["bf16", "fp8"])
def test_lower_precision_is_close(make, precision):
    full, rough = predict(make()), predict(make(precision=precision))
    assert 0 < (rough - full).norm() < 0.5 * full.norm()


def test_views_have_the_size_that_is_asked_for(make):
    prior = make(pixels=128)
    assert (prior.image_size, prior.shape) == (128, (4, 16, 16))
    assert predict(prior).shape == (3, 4, 16, 16)
    assert make().image_size == small_checkpoint.SIZE


@pytest.mark.parametrize("pixels", [32, 100])
def test_a_size_that_the_unet_cannot_halve_is_refused(folders, pixels):
    body = {"_target_": "synclab.priors.depth_channel.DepthChannelPrior", "pixels": pixels}
    with pytest.raises(UserError, match=f"prior.pixels={pixels}: input should be"):
        build(body | {"path": str(folders["depth"])}, "prior")


def test_a_plain_prior_takes_the_text_alone(checkpoint):
    prior = LatentPrior(str(checkpoint))
    text = prior.embed("a city")
    assert prior.with_depth(text, disparity) is text


# Depth as a channel


def test_the_views_depth_together_spans_the_channels_range(folders):
    maps = shown(condition(DepthChannelPrior(str(folders["depth"]))))
    assert maps.shape == (3, 1, 8, 8)
    assert (maps.min(), maps.max()) == (-1, 1)
    assert maps[0].max() < maps[1].max() < maps[2].max()


def test_a_flat_depth_is_the_farthest(folders):
    prior = DepthChannelPrior(str(folders["depth"]))
    close(prior.show(torch.full((2, 1, 9, 9), 0.5)), torch.full((2, 1, 8, 8), -1.0), 1e-6)


def test_the_channel_lies_behind_the_latent(folders):
    prior = DepthChannelPrior(str(folders["depth"]))
    cond = condition(prior)
    seen = torch.cat([noise(prior), shown(cond)], 1)
    expected = prior.unet(seen, 500, cond.positive[0]).sample
    close(predict(prior, cond, guidance=1), expected, 1e-5)


def test_a_plain_network_is_refused(checkpoint):
    with pytest.raises(UserError, match=r"unet takes 4 channels; expected 5; .*prior=sd21_base"):
        DepthChannelPrior(str(checkpoint))


# ControlNet


def test_the_image_for_the_controlnet_is_grey_and_as_large_as_a_view(folders):
    images = shown(condition(controlled(folders)))
    assert images.shape == (3, 3, 64, 64)
    assert (images.min(), images.max()) == (0, 1)
    assert torch.equal(images[:, 0], images[:, 2])


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"control_scale": 0.0}, True),
        ({"control_scale": 0.7}, False),
        ({"control_t_min": 501}, True),
        ({"control_t_max": 499}, True),
        ({"control_t_min": 500, "control_t_max": 500}, False),
    ],
    ids=str,
)
def test_without_scale_or_outside_its_times_a_controlnet_says_nothing(folders, changes, same):
    plain, prior = LatentPrior(str(folders["plain"])), controlled(folders, **changes)
    expected = predict(plain, plain.embed("a city").at(VIEWS))
    assert torch.allclose(predict(prior, t=500), expected, atol=1e-5) == same


@pytest.mark.parametrize(
    "changes", [{"control_t_min": 600, "control_t_max": 400}, {"control_scale": "much"}]
)
def test_control_settings_are_checked(folders, changes):
    name = next(iter(changes))
    body = {"_target_": "synclab.priors.controlnet.ControlNetPrior", **changes}
    paths = {"path": str(folders["plain"]), "control_path": str(folders["control"])}
    with pytest.raises(UserError, match=f"prior.{name}="):
        build(body | paths, "prior")


@pytest.mark.parametrize("path", ["/nowhere", "CHECKPOINT"])
def test_a_controlnet_that_is_not_there_is_named(folders, checkpoint, path):
    given = path.replace("CHECKPOINT", str(checkpoint))
    with pytest.raises(UserError, match=f"prior.control_path={given}: no .*expected a ControlNet"):
        controlled(folders, control_path=given)


def test_the_depth_priors_say_what_they_need():
    assert DepthPrior.needs == ("depth",)
    assert LatentPrior.needs == ()
