"""The embedded depth prior: samples keep to the outlines of the depth that they were given."""

import pytest
import torch

from scripts.embedded.depth.score import agreement, sample
from scripts.embedded.depth.views import DepthViews, draw_solids
from synclab.places import ASSETS
from synclab.priors.depth_channel import DepthChannelPrior

FOLDER = ASSETS / "tiny_depth"


@pytest.fixture(scope="module")
def views() -> DepthViews:
    """Solids that training has not seen."""
    return draw_solids(6, torch.Generator().manual_seed(123456))


@pytest.fixture(scope="module")
def samples(views: DepthViews) -> torch.Tensor:
    return sample(DepthChannelPrior(str(FOLDER)), views, steps=8)


def test_the_denoiser_is_as_small_as_the_plain_one() -> None:
    size = sum(file.stat().st_size for file in (FOLDER / "unet").iterdir())
    assert size <= 42e6


def test_samples_change_at_the_outline_of_their_own_depth(
    views: DepthViews, samples: torch.Tensor
) -> None:
    own = agreement(samples, views.disparity)
    other = agreement(samples, views.disparity.roll(1, 0))
    assert own["outline_contrast"] > 1.2 * other["outline_contrast"]


def test_samples_are_plain_where_their_own_depth_is_background(
    views: DepthViews, samples: torch.Tensor
) -> None:
    """The plain prior fills the picture: its value is 0.8 to 0.9."""
    own = agreement(samples, views.disparity)
    other = agreement(samples, views.disparity.roll(1, 0))
    assert own["background_gradient"] < min(0.3, 0.7 * other["background_gradient"])
