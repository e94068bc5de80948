"""DiffCollage on Markov fields, where it is exact, and ALM beside the methods it extends."""

from dataclasses import dataclass

import pytest
import torch
from conftest import close, image, last, prior_of, random_state, streams, wide
from torch import Tensor

from synclab.core.protocols import Everywhere
from synclab.core.schedule import Schedule
from synclab.methods.alm import ALM, cover
from synclab.methods.ddim import DDIM
from synclab.methods.diffcollage import DiffCollage
from synclab.methods.multidiffusion import MultiDiffusion
from synclab.priors.exact import ExactPrior, Gaussian, Mixture

SCHEDULE = Schedule.scaled_linear()


@dataclass
class Field(ExactPrior):
    """Gaussian rows of any width, each by itself, with this covariance between columns i and j."""

    def covariance(self, width: int) -> Tensor:
        raise NotImplementedError

    def posterior_mean(self, x: Tensor, a: float) -> Tensor:
        sigma = self.covariance(x.shape[-1])
        noisy = a * sigma + (1 - a) * torch.eye(len(sigma), dtype=sigma.dtype)
        return a**0.5 * x @ torch.linalg.solve(noisy, sigma)


@dataclass
class MarkovField(Field):
    """An autoregressive row, 0.8^|i - j|: columns are independent given one between them."""

    def covariance(self, width: int) -> Tensor:
        column = torch.arange(width, dtype=torch.float64)
        return 0.8 ** (column - column[:, None]).abs()


@dataclass
class Blocks(Field):
    """Blocks of four equal columns, each by itself: with noise, too, a Markov field."""

    def covariance(self, width: int) -> Tensor:
        block = torch.arange(width) // 4
        return (block == block[:, None]).double()


def almost_clean(noise: float) -> Schedule:
    return Schedule.variance_preserving(torch.tensor([1 - noise], dtype=torch.float64))


def mean_noise(prior: ExactPrior, space, z: Tensor) -> Tensor:
    """MultiDiffusion's: the mean of the views."""
    views = space.all_views()
    x = space.project(z, views)
    return space.average(prior.predict(x, 0, Everywhere(), 1.0), views, None)


@pytest.mark.parametrize("stride", [2, 4, 7])
def test_on_a_clean_markov_field_diffcollage_has_the_exact_score(stride):
    """The error falls with the noise; that of a mean of views does not."""
    space = wide(width=8 + 3 * stride, stride=stride)

    def error(noise: float, mean: bool = False) -> float:
        prior = MarkovField(shape=prior_of(space).shape, schedule=almost_clean(noise))
        z = SCHEDULE.alpha(0) * random_state(space)
        exact = prior.predict(z[None], 0, Everywhere(), 1.0)[0]
        own = (
            mean_noise(prior, space, z)
            if mean
            else DiffCollage().noise(prior, space, Everywhere(), z, 0)
        )
        return float((own - exact).norm() / exact.norm())

    assert error(1e-3) < 0.02 and error(1e-6) < 2e-5
    assert error(1e-6, mean=True) > 0.1


def test_on_blocks_as_wide_as_the_overlaps_diffcollage_samples_exactly():
    space = wide()
    canvas = image(width=32)
    z = last(DiffCollage(steps=10), Blocks(shape=prior_of(space).shape), space)
    start = {"start": streams().normal("start", space.shape)[None]}

    class Shared(type(streams())):
        """DDIM begins with the canvas of DiffCollage."""

        def normal(self, purpose: str, shape: tuple[int, ...]) -> Tensor:
            return start[purpose]

    rng = Shared("test", 0, dtype=torch.float64)
    close(z, last(DDIM(steps=10), Blocks(shape=canvas.shape), canvas, rng), 1e-9)


def test_without_its_two_weights_alm_is_independent_views_from_one_noise():
    space = wide()
    prior, views = Mixture(shape=prior_of(space).shape), space.all_views()
    x = space.project(streams().normal("start", space.shape), views)
    for t, s in SCHEDULE.steps(6):
        x = SCHEDULE.ddim(x, SCHEDULE.x0(x, prior.predict(x, t, Everywhere(), 1.0), t), t, s)
    close(last(ALM(steps=6, w1=0, w2=0), prior, space), cover(space, x, views)[0], 1e-12)


def test_alm_does_not_move_views_that_agree():
    """A linear score keeps the views of one noise together: nothing differs from MultiDiffusion."""
    space = wide()
    prior = Gaussian(shape=prior_of(space).shape)
    close(last(ALM(steps=6, w2=0), prior, space), last(MultiDiffusion(steps=6), prior, space), 1e-9)


def test_alm_makes_views_agree():
    """The first columns of every view come nearer to what the view before it shows there."""

    class Remembering(Mixture):
        """Keeps what the guided call saw last."""

        def predict(self, x, t, cond, guidance):
            if guidance != 1:
                self.seen = x
            return super().predict(x, t, cond, guidance)

    def disagreement(w1: float) -> Tensor:
        space = wide()
        prior = Remembering(shape=prior_of(space).shape)
        last(ALM(w1=w1), prior, space)
        return (prior.seen[1:, ..., :4] - prior.seen[:-1, ..., 4:]).square().mean()

    assert disagreement(1) < 0.3 * disagreement(0)


def test_alm_shows_the_earlier_of_two_views():
    views = torch.stack([torch.zeros(2, 8, 8), torch.ones(2, 8, 8)])
    z, seen = cover(wide(), views, ((4.0, 0.0), (8.0, 0.0)))
    assert z[0, 0].tolist() == [0] * 12 + [1] * 4 + [0] * 16
    assert seen[0, 0].tolist() == [0] * 4 + [1] * 12 + [0] * 16
