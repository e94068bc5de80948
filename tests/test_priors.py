"""The exact priors against integration on a grid and dense linear algebra."""

from collections.abc import Callable

import pytest
import torch
from conftest import PRIORS, close, streams
from torch import Tensor
from torch.distributions import MultivariateNormal, Normal

from synclab.core.protocols import Everywhere
from synclab.priors.exact import Gaussian, Mixture, StationaryField

TIMES = [100, 500, 999]
TWO_PIXELS = (1, 1, 2)


def gaussian_density(x0: Tensor) -> Tensor:
    return Normal(0.7, 0.5).log_prob(x0).sum(-1)


def mixture_density(x0: Tensor) -> Tensor:
    levels = [Normal(level, 0.25).log_prob(x0).sum(-1) for level in (-1.0, 0.5, 1.0)]
    return torch.stack(levels).logsumexp(0)


def field_density(x0: Tensor) -> Tensor:
    neighbour = torch.exp(torch.tensor(-1 / (2 * 1.5**2))).item()
    covariance = 0.8**2 * torch.tensor([[1, neighbour], [neighbour, 1]], dtype=torch.float64)
    return MultivariateNormal(torch.full((2,), 0.2).double(), covariance).log_prob(x0)


@pytest.mark.parametrize("t", TIMES)
@pytest.mark.parametrize(
    ("prior", "log_density"),
    [
        (Gaussian(TWO_PIXELS, mean=0.7, std=0.5), gaussian_density),
        (Mixture(TWO_PIXELS, levels=(-1.0, 0.5, 1.0)), mixture_density),
        (StationaryField(TWO_PIXELS, mean=0.2, std=0.8, length=1.5), field_density),
    ],
    ids=PRIORS,
)
def test_posterior_mean_is_the_integral_over_two_pixels(
    prior, log_density: Callable[[Tensor], Tensor], t
):
    a = prior.schedule.a(t)
    x = torch.tensor([0.4, -0.3], dtype=torch.float64)
    axis = torch.linspace(-5, 5, 401, dtype=torch.float64)
    x0 = torch.cartesian_prod(axis, axis)
    likelihood = -(x - a**0.5 * x0).square().sum(-1) / (2 * (1 - a))
    expected = (log_density(x0) + likelihood).softmax(0) @ x0
    close(prior.posterior_mean(x.view(1, *TWO_PIXELS), a).flatten(), expected, 1e-6)


@pytest.mark.parametrize("t", [0, *TIMES])
def test_field_is_a_gaussian_of_its_covariance(t):
    prior = StationaryField((2, 3, 5), mean=0.2, std=0.8, length=2.0)
    a = prior.schedule.a(t)
    x = streams().normal("x", (4, 2, 3, 5))
    row, column = (
        place.flatten() for place in torch.meshgrid(*map(torch.arange, (3, 5)), indexing="ij")
    )
    apart = (row[:, None] - row).square() + (column[:, None] - column).square()
    covariance = 0.8**2 * torch.exp(-apart.double() / (2 * 2.0**2))
    noisy = a * covariance + (1 - a) * torch.eye(15, dtype=torch.float64)
    offset = (x - a**0.5 * 0.2).flatten(2)
    expected = 0.2 + a**0.5 * torch.linalg.solve(noisy, offset.mT).mT @ covariance
    close(prior.posterior_mean(x, a), expected.view_as(x), 1e-9)


@pytest.mark.parametrize("prior", [make() for make in PRIORS.values()], ids=PRIORS)
def test_predicted_noise_and_posterior_mean_make_up_x(prior):
    x = streams().normal("x", (3, *prior.shape))
    eps = prior.predict(x, 400, Everywhere(), 7.5)
    x0 = prior.posterior_mean(x, prior.schedule.a(400))
    close(prior.schedule.noise(x0, eps, 400), x, 1e-10)


@pytest.mark.parametrize("prior", [make() for make in PRIORS.values()], ids=PRIORS)
def test_views_are_denoised_independently_of_each_other(prior):
    x = streams().normal("x", (3, *prior.shape))
    together = prior.predict(x, 400, Everywhere(), 1.0)
    alone = torch.cat([prior.predict(view[None], 400, Everywhere(), 1.0) for view in x])
    close(together, alone, 1e-12)


@pytest.mark.parametrize("make", PRIORS.values(), ids=PRIORS)
def test_every_view_of_a_call_is_one_evaluation(make):
    prior = make()
    for n in (3, 1):
        prior.predict(torch.zeros(n, *prior.shape), 400, prior.embed("anything").at(()), 7.5)
    assert prior.nfe == 4


def test_gaussian_commutes_with_selection():
    x = streams().normal("x", (1, 4, 16, 16))
    whole = Gaussian().predict(x, 400, Everywhere(), 1.0)
    part = Gaussian().predict(x[..., 3:9], 400, Everywhere(), 1.0)
    close(whole[..., 3:9], part, 1e-12)


@pytest.mark.parametrize("make", [Mixture, StationaryField])
def test_the_other_priors_couple_pixels(make):
    prior = make((1, 2, 2))
    x = streams().normal("x", (1, 1, 2, 2))
    changed = x.clone()
    changed[..., 0, 0] += 1
    before, after = (prior.predict(y, 900, Everywhere(), 1.0)[..., 0, 1] for y in (x, changed))
    assert (before - after).abs().min() > 1e-3
