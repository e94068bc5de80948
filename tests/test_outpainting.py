"""Outpainting keeps what was painted; SyncMVD's state is canonical and its steps stochastic."""

import torch
from conftest import Changed, close, image, last, panorama, prior_of, streams, wide
from torch import Tensor

from synclab.core.protocols import Everywhere
from synclab.methods.ddim import DDIM
from synclab.methods.outpainting import Outpainting, painted, within
from synclab.methods.syncmvd import SyncMVD
from synclab.methods.synctweedies import SyncTweedies
from synclab.priors.exact import Mixture
from synclab.spaces.canvas import Canvas


def estimates(method: Outpainting, space: Canvas) -> list[Tensor]:
    found = method(prior_of(space, Mixture), space, Everywhere(), streams())
    return [z for z in found if z is not None]


def test_one_view_is_ddim():
    prior = prior_of(image(), Mixture)
    once = last(Outpainting(steps=1, view_steps=6), prior, image())
    close(once, last(DDIM(steps=6), prior, image()), 1e-12)


def test_a_view_keeps_what_earlier_views_have_painted():
    """Views of 8 columns every 4: the first four columns of each were painted before it."""
    space = wide()
    views = space.all_views()
    rounds = estimates(Outpainting(steps=len(views), view_steps=5), space)
    for k, z in enumerate(rounds[:-1]):
        seen = 4 * k + 8
        close(rounds[-1][..., :seen], z[..., :seen], 1e-12)


def test_a_view_continues_what_it_keeps():
    """The painted half decides what the free half becomes."""
    space = wide()
    seen = torch.zeros(1, *space.shape[1:]).double()
    seen[..., :8] = 1

    def free_half(value: float) -> Tensor:
        z, prior = torch.full(space.shape, value).double(), prior_of(space, Mixture)
        views = space.all_views()[1:2]
        x = Outpainting().paint(prior, space, Everywhere(), streams(), views, z, seen)
        return x[..., 4:]

    assert not torch.allclose(free_half(-1.0), free_half(1.0))


def test_groups_are_the_views_in_order_whatever_their_number():
    views = wide().all_views()
    for steps in (1, 3, len(views), 2 * len(views)):
        method = Outpainting(steps=steps)
        groups = [method.group(views, k) for k in range(steps)]
        assert groups[0] and sum(groups, ()) == views


def test_a_pixel_is_known_if_all_that_it_sees_was_painted():
    space = wide()
    first, second = space.all_views()[:2]
    seen = painted(space, torch.zeros(space.shape).double(), (first,), None)
    known = within(space, seen, (second,), prior_of(space))
    assert known[..., :4].all() and not known[..., 4:].any()


class Inverted(Canvas):
    """A view of inverted colours beside a grey background: affine, not linear."""

    def project(self, z: Tensor, views: tuple) -> Tensor:
        y = (1 - z).expand(len(views), -1, -1, -1).clone()
        y[..., -2:] = 0.5
        return y


def test_inverted_colours_are_known_and_a_background_is_not():
    space = Inverted(channels=2, height=8, width=8, view_size=8)
    seen = torch.ones(1, 8, 8).double()
    seen[..., 0] = 0
    known = within(space, seen, ((0.0,),), prior_of(space))
    assert known[..., 1:6].all() and not known[..., 0].any() and not known[..., 6:].any()


def quiet(purpose: str, noise: Tensor) -> Tensor:
    return noise * 0 if purpose.startswith("step") else noise


def test_syncmvd_draws_its_noise_on_the_canonical_state():
    space = wide()
    z, still = (
        last(SyncMVD(steps=4), prior_of(space, Mixture), space, rng)
        for rng in (streams(), Changed(quiet))
    )
    assert not torch.allclose(z, still)


class OneStart(Changed):
    """SyncTweedies names its canonical start differently."""

    def normal(self, purpose: str, shape: tuple[int, ...]) -> Tensor:
        return super().normal(purpose.replace("canonical ", ""), shape)


def test_one_step_of_syncmvd_is_case_five_of_synctweedies():
    space = panorama(sampling="nearest")
    mine, theirs = (
        last(method, prior_of(space, Mixture), space, OneStart(lambda purpose, noise: noise))
        for method in (
            SyncMVD(steps=1, guidance=7.5),
            SyncTweedies(steps=1, strategy="canonical_x0", t_sync=0),
        )
    )
    close(mine, theirs, 1e-12)
