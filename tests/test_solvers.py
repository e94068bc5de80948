"""The multi-step estimates of x0: their time grid, limit, order and blend."""

import math

import pytest
import torch
from conftest import close, streams

from synclab.core.protocols import Everywhere
from synclab.core.schedule import Schedule
from synclab.core.solvers import (
    SOLVERS,
    consistency_x0,
    ddim_inversion,
    ddim_x0,
    dpm_x0,
    nodes,
)
from synclab.priors.exact import Gaussian

SCHEDULE = Schedule.scaled_linear()
PRIOR = Gaussian(mean=0.7, std=0.5)

# The grids of the authors' code (facts/stochsync.md, section 3), 0 left out.
GRID_25 = """999 957 915 874 832 790 749 707 666 624 582 541 499 457 416 374 333 291 249 208 166 124
    83 41"""
GRID_50 = """999 978 958 937 917 897 876 856 835 815 795 774 754 733 713 693 672 652 632 611 591
    570 550 530 509 489 468 448 428 407 387 366 346 326 305 285 265 244 224 203 183 163 142 122 101
    81 61 40 20"""


@pytest.mark.parametrize(("n", "grid"), [(25, GRID_25), (50, GRID_50)])
def test_grid_is_the_authors(n, grid):
    assert nodes(SCHEDULE, 999, n) == [int(t) for t in grid.split()]


@pytest.mark.parametrize("t", [1, 20, 21, 270, 640, 998])
def test_nodes_are_t_and_the_grid_below_it(t):
    below = [int(node) for node in GRID_50.split() if int(node) < t]
    assert nodes(SCHEDULE, t, 50) == [t, *below]


@pytest.mark.parametrize(("t", "calls"), [(640, 32), (590, 29)])
def test_number_of_calls_falls_linearly_with_t(t, calls):
    assert len(nodes(SCHEDULE, t, 50)) == calls


def start() -> torch.Tensor:
    return streams().normal("x", (1, 1, 4, 4))


def exact(x: torch.Tensor, t: int, s: int) -> torch.Tensor:
    """The ODE's solution at time s for Gaussian data: standardised values stay what they are."""
    a, b = SCHEDULE.a(t), SCHEDULE.a(s)
    spread = [(c * PRIOR.std**2 + 1 - c) ** 0.5 for c in (a, b)]
    return b**0.5 * PRIOR.mean + spread[1] / spread[0] * (x - a**0.5 * PRIOR.mean)


def at_time(solve, n: int, t: int, s: int) -> torch.Tensor:
    """The solver's x at a time s of its grid."""
    seen = {}

    def record(x: torch.Tensor, time: int, i: int, n: int) -> torch.Tensor:
        seen[time] = x
        return x

    solve(PRIOR, start(), t, Everywhere(), 1.0, n, record)
    return seen[s]


def error(solve, n: int, t: int, s: int) -> float:
    return (at_time(solve, n, t, s) - exact(start(), t, s)).abs().max().item()


@pytest.mark.parametrize("solve", SOLVERS.values(), ids=SOLVERS)
@pytest.mark.parametrize("t", [999, 500])
def test_solution_converges_to_the_exact_ode(solve, t):
    errors = [error(solve, n, t, -1) for n in (10, 50, 1000)]
    assert errors[2] < errors[1] < errors[0]
    assert errors[2] < 1e-2


# 999 = 27 * 37, so grids with steps of 37, 9 and 3 share the time 333.
@pytest.mark.parametrize(("solve", "order"), [(ddim_x0, 1), (dpm_x0, 2)], ids=["ddim", "dpm"])
def test_order_of_convergence(solve, order):
    coarse, fine = error(solve, 112, 999, 333), error(solve, 334, 999, 333)
    assert math.log(coarse / fine, 3) == pytest.approx(order, abs=0.2)


@pytest.mark.parametrize("n", [10, 28, 112])
def test_dpm_is_closer_to_the_ode_than_ddim_at_equal_calls(n):
    assert error(dpm_x0, n, 999, 333) < 0.5 * error(ddim_x0, n, 999, 333)


@pytest.mark.parametrize("solve", SOLVERS.values(), ids=SOLVERS)
def test_network_is_called_once_a_node(solve):
    prior = Gaussian()
    solve(prior, start(), 640, Everywhere(), 1.0, 25)
    assert prior.nfe == len(nodes(SCHEDULE, 640, 25))


@pytest.mark.parametrize("solve", SOLVERS.values(), ids=SOLVERS)
def test_one_call_is_tweedies_estimate(solve):
    x = start()
    expected = SCHEDULE.x0(x, PRIOR.predict(x, 500, Everywhere(), 1.0), 500)
    close(solve(PRIOR, x, 500, Everywhere(), 1.0, 2), expected, 1e-12)


@pytest.mark.parametrize("solve", SOLVERS.values(), ids=SOLVERS)
def test_blend_is_told_every_next_time_and_how_far_it_is(solve):
    told = []

    def blend(x: torch.Tensor, time: int, i: int, n: int) -> torch.Tensor:
        told.append((time, i, n))
        return x

    solve(PRIOR, start(), 500, Everywhere(), 1.0, 25, blend)
    times = nodes(SCHEDULE, 500, 25)
    n = len(times)
    assert told == [(time, i, n) for i, time in enumerate([*times[1:], -1])]


@pytest.mark.parametrize("solve", SOLVERS.values(), ids=SOLVERS)
def test_solver_goes_on_with_what_blend_returns(solve):
    def erase_at_the_end(x: torch.Tensor, time: int, i: int, n: int) -> torch.Tensor:
        return torch.zeros_like(x) if i == n - 1 else x

    result = solve(PRIOR, start(), 500, Everywhere(), 1.0, 25, erase_at_the_end)
    close(result, torch.zeros_like(result), 0)


class Asked(Gaussian):
    """Remembers the times and the guidance that it was asked with."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[int, float]] = []

    def predict(self, x: torch.Tensor, t: int, cond: object, guidance: float) -> torch.Tensor:
        self.asked.append((t, guidance))
        return super().predict(x, t, Everywhere(), guidance)


@pytest.mark.parametrize(
    ("t", "n", "times"),
    [
        (500, 10, [0, 111, 222, 333, 444]),
        (444, 10, [0, 111, 222, 333]),
        (999, 10, [0, 111, 222, 333, 444, 555, 666, 777, 888]),
        (450, 9, [0, 124, 249, 374]),
        (100, 2, [0]),
    ],
)
def test_inversion_climbs_the_authors_grid(t, n, times):
    prior = Asked()
    ddim_inversion(prior, start(), t, Everywhere(), -7.5, n)
    assert prior.asked == [(time, -7.5) for time in times]


@pytest.mark.parametrize("t", [999, 500])
def test_inversion_converges_to_the_exact_ode(t):
    """Run upwards from time 0, where a clean image counts as x."""
    truth = exact(start(), 0, t)
    errors = [
        (ddim_inversion(PRIOR, start(), t, Everywhere(), 1.0, n) - truth).abs().max().item()
        for n in (10, 100, 1000)
    ]
    assert errors[2] < errors[1] < errors[0]
    assert errors[2] < 2e-2


def test_ddim_may_end_with_the_noise_of_time_0():
    """StochSync's released code ends at time 0, where alpha-bar is 0.99915; -1 is clean."""
    x, ask = start(), (Everywhere(), 1.0)
    x0 = SCHEDULE.x0(x, PRIOR.predict(x, 500, *ask), 500)
    noisy = 0.99915**0.5 * x0 + 0.00085**0.5 * SCHEDULE.eps(x, x0, 500)
    close(ddim_x0(PRIOR, x, 500, *ask, n=2), x0, 1e-12)
    close(ddim_x0(PRIOR, x, 500, *ask, n=2, end=0), noisy, 1e-9)


def consistent(n: int, t: int = 640, prior: Gaussian = PRIOR, **options) -> torch.Tensor:
    return consistency_x0(prior, start(), t, Everywhere(), 1.0, n, streams(), **options)


@pytest.mark.parametrize("n", [1, 2, 4])
def test_consistency_sampling_calls_the_network_n_times_from_any_time(n):
    for t in (999, 270):
        prior = Gaussian()
        consistent(n, t, prior)
        assert prior.nfe == n


def test_consistency_sampling_is_its_algorithm():
    """Song et al. 2023, Alg. 1: three estimates, at thirds of the way from 640 down."""
    x, rng = start(), streams()
    for t, s in [(640, 427), (427, 213), (213, None)]:
        x = SCHEDULE.x0(x, PRIOR.predict(x, t, Everywhere(), 1.0), t)
        if s is not None:
            a = SCHEDULE.a(s)
            x = a**0.5 * x + (1 - a) ** 0.5 * rng.normal("consistency", (1, 1, 4, 4))
    close(consistent(3), x, 1e-12)


def test_one_call_of_consistency_sampling_is_the_networks_x0():
    expected = SCHEDULE.x0(start(), PRIOR.predict(start(), 640, Everywhere(), 1.0), 640)
    close(consistent(1), expected, 1e-12)


def test_consistency_sampling_starts_each_call_from_fresh_noise():
    """The exact x0 of data without spread is their mean, so only noise can tell the calls apart."""
    point, seen = Gaussian(mean=0.7, std=0.0), []

    def record(x: torch.Tensor, time: int, i: int, n: int) -> torch.Tensor:
        seen.append((x - SCHEDULE.alpha(time) * 0.7) / SCHEDULE.sigma(time) if time >= 0 else x)
        return x

    result = consistent(3, prior=point, blend=record)
    first, second, last = seen
    assert abs(float((first * second).mean())) < 0.5 and first.std() == pytest.approx(1, abs=0.4)
    close(result, torch.full_like(result, 0.7), 1e-6)
    close(last, result, 0)
