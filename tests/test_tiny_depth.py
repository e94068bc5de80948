"""The embedded depth prior: samples keep to the outlines of the depth that they were given."""

import pytest
import torch

from scripts.embedded.depth_data import DepthViews, draw_solids
from scripts.embedded.depth_score import agreement, sample
from synclab.places import ASSETS
from synclab.priors.depth_channel import DepthChannelPrior

FOLDER = ASSETS / "tiny_depth"


@pytest.fixture(scope="module")
def views() -> DepthViews:
    """Solids that training has not seen."""
    return draw_solids(4, torch.Generator().manual_seed(123456))


@pytest.fixture(scope="module")
def samples(views: DepthViews) -> torch.Tensor:
    return sample(DepthChannelPrior(str(FOLDER)), views, steps=8)


def test_the_denoiser_is_as_small_as_the_plain_one() -> None:
    size = sum(file.stat().st_size for file in (FOLDER / "unet").iterdir())
    assert size <= 42e6


def test_outlines_of_samples_lie_where_their_depth_has_them(
    views: DepthViews, samples: torch.Tensor
) -> None:
    own = agreement(samples, views.disparity)
    other = agreement(samples, views.disparity.roll(1, 0))
    assert own["outline_contrast"] > 1.5 * other["outline_contrast"]


def test_the_background_of_samples_is_plain(views: DepthViews, samples: torch.Tensor) -> None:
    assert agreement(samples, views.disparity)["background_gradient"] < 0.25
