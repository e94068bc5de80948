"""What stands in front of a space or a prior answers as that does, and adds one thing."""

import time

import pytest
import torch
from conftest import SPACES, random_state, streams

from synclab.core.forwarding import ForwardingSpace
from synclab.core.meter import Meter
from synclab.core.metered_space import MeteredSpace
from synclab.core.protocols import Denoiser, Everywhere, Space
from synclab.jobs.batching import Batcher, Done, Guest
from synclab.priors.exact import Mixture
from synclab.spaces.canvas import Canvas
from synclab.spaces.wide import Wide

each_space = pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)


def members(protocol: type) -> set[str]:
    return {name for name in vars(protocol) if not name.startswith("_")}


def test_no_operation_of_a_space_is_forgotten():
    assert members(Space) <= members(ForwardingSpace)


def test_no_operation_of_a_denoiser_is_forgotten():
    assert members(Denoiser) <= members(Guest)


@each_space
def test_a_metered_space_answers_as_the_space(space: Canvas):
    metered, z, views = MeteredSpace(space, Meter()), random_state(space), space.all_views()
    assert metered.shape == space.shape and metered.initial is space.initial
    assert metered.all_views() == views
    assert metered.disjoint_views(1, streams()) == space.disjoint_views(1, streams())
    assert metered.shifted_views(streams()) == space.shifted_views(streams())
    assert metered.random_views(3, streams()) == space.random_views(3, streams())
    if isinstance(space, Wide):
        assert [own for _, own in metered.overlaps()] == [own for _, own in space.overlaps()]
    y = space.project(z, views)
    pairs = [
        (metered.project(z, views), y),
        (metered.average(y, views, z), space.average(y, views, z)),
        (metered.inwardness(views), space.inwardness(views)),
        (metered.to_instance(y), space.to_instance(y)),
        (metered.to_canonical(metered.to_instance(y)), space.to_canonical(space.to_instance(y))),
        *zip(metered.scatter(y, views), space.scatter(y, views), strict=True),
    ]
    assert all(torch.equal(ours, theirs) for ours, theirs in pairs)


@pytest.mark.parametrize("operation", ["project", "scatter", "average"])
def test_a_metered_space_times_what_passes_between_canvas_and_views(operation):
    class Slow(ForwardingSpace):
        """Takes a hundredth of a second for the operation."""

    def slowed(self, *values):
        time.sleep(0.01)
        return getattr(self.inner, operation)(*values)

    setattr(Slow, operation, slowed)
    space, meter = SPACES["wide"], Meter()
    z, views = random_state(space), space.all_views()
    y = space.project(z, views)
    values = {"project": (z, views), "scatter": (y, views), "average": (y, views, z)}
    getattr(MeteredSpace(Slow(space), meter), operation)(*values[operation])
    assert meter.seconds()["projection"] >= 0.01


def test_a_guest_of_a_batch_answers_as_the_prior():
    prior = Mixture(shape=(2, 8, 8))
    x, other = (streams(seed).normal("x", (3, 2, 8, 8)) for seed in range(2))

    def ask(denoiser: Denoiser) -> list[torch.Tensor]:
        assert denoiser.schedule is prior.schedule and denoiser.shape == prior.shape
        predicted = denoiser.predict(x, 500, Everywhere(), 1.0)
        return [predicted, denoiser.distance(x, other)]

    (outcome,) = Batcher(prior).run([ask])
    assert isinstance(outcome, Done) and outcome.nfe == 3
    expected = [prior.predict(x, 500, Everywhere(), 1.0), prior.distance(x, other)]
    assert all(map(torch.equal, outcome.result, expected))
