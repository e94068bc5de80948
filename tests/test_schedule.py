"""Signal and noise over time, and the conversions between x, x0 and eps."""

from itertools import pairwise
from typing import Any

import pytest
import torch
from conftest import close, streams
from diffusers import FlowMatchEulerDiscreteScheduler

from synclab.core.schedule import Schedule

SCHEDULE = Schedule.scaled_linear()
SCHEDULES = {
    "scaled linear": SCHEDULE,
    "flow": Schedule.flow(),
    "shifted flow": Schedule.flow(shift=3.0),
}
TIMES = [0, 270, 999]
STEPS = [(999, 900), (590, 270), (20, 0), (0, -1)]

each_schedule = pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)


def pair() -> tuple[torch.Tensor, torch.Tensor]:
    """A clean state, or any other, and noise."""
    return streams().normal("x0", (5,)), streams().normal("eps", (5,))


@pytest.mark.parametrize(
    ("t", "expected"),
    [
        (-1, 1.0),
        (0, 0.999150),
        (20, 0.981314),
        (270, 0.640737),
        (590, 0.170653),
        (900, 0.014151),
        (999, 0.004660),
    ],
)
def test_alpha_bar_is_stable_diffusions(t, expected):
    assert SCHEDULE.a(t) == pytest.approx(expected, abs=1e-6)
    assert SCHEDULE.alpha(t) == pytest.approx(expected**0.5, abs=1e-6)
    assert SCHEDULE.sigma(t) == pytest.approx((1 - expected) ** 0.5, abs=1e-5)


def test_a_diffusion_preserves_variance_and_counts_its_times():
    close(SCHEDULE.alphas**2 + SCHEDULE.sigmas**2, torch.ones(1000).double(), 1e-15)
    assert SCHEDULE.times.tolist() == list(range(1000))


@each_schedule
def test_signal_to_noise_rises_towards_clean_data(schedule):
    lam = torch.tensor([schedule.lam(t) for t in range(1000)], dtype=torch.float64)
    assert (lam.diff() < 0).all()
    close(lam.exp() / (schedule.alphas / schedule.sigmas), torch.ones_like(lam), 1e-12)


@each_schedule
@pytest.mark.parametrize("t", [-1, *TIMES])
def test_alpha_bar_is_that_of_equal_signal_to_noise(schedule, t):
    a, odds = schedule.a(t), schedule.alpha(t) ** 2
    assert a * schedule.sigma(t) ** 2 == pytest.approx((1 - a) * odds, rel=1e-9)
    if t >= 0:
        assert float(schedule.abar[t]) == pytest.approx(a, rel=1e-12)


@each_schedule
@pytest.mark.parametrize("t", TIMES)
def test_noise_x0_and_eps_are_inverses(schedule, t):
    x0, eps = pair()
    x = schedule.noise(x0, eps, t)
    close(schedule.x0(x, eps, t), x0, 1e-11)
    close(schedule.eps(x, x0, t), eps, 1e-11)


@each_schedule
def test_noise_at_minus_one_is_clean(schedule):
    x0, eps = pair()
    close(schedule.noise(x0, eps, -1), x0, 0)


@pytest.mark.parametrize(("t", "s"), STEPS)
def test_ddim_step_of_a_diffusion_is_the_closed_formula(t, s):
    x, eps = pair()
    a, b = SCHEDULE.a(t), SCHEDULE.a(s)
    gap = (b / a) ** 0.5 - ((1 - b) / (1 - a)) ** 0.5
    expected = (b / a) ** 0.5 * x - (1 - a) ** 0.5 * gap * eps
    close(SCHEDULE.ddim(x, SCHEDULE.x0(x, eps, t), t, s), expected, 1e-12)


@pytest.mark.parametrize("schedule", [Schedule.flow(), Schedule.flow(shift=3.0)])
@pytest.mark.parametrize(("t", "s"), STEPS)
def test_ddim_step_of_a_flow_is_eulers(schedule, t, s):
    x, v = pair()
    x0 = x - schedule.sigma(t) * v
    expected = x + (schedule.sigma(s) - schedule.sigma(t)) * v
    close(schedule.ddim(x, x0, t, s), expected, 1e-12)


@each_schedule
@pytest.mark.parametrize("t", TIMES)
def test_ddim_step_to_the_same_time_changes_nothing(schedule, t):
    x, x0 = pair()
    close(schedule.ddim(x, x0, t, t), x, 1e-12)


@each_schedule
def test_ddim_steps_of_one_x0_compose(schedule):
    x, x0 = pair()
    halfway = schedule.ddim(x, x0, 900, 400)
    close(schedule.ddim(halfway, x0, 400, 20), schedule.ddim(x, x0, 900, 20), 1e-12)


@each_schedule
@pytest.mark.parametrize(("t", "s"), [(900, 400), (400, 20), (20, 19), (20, -1)])
def test_a_ddpm_step_leaves_the_signal_and_the_noise_of_its_new_time(schedule, t, s):
    """x = alpha x0 + sigma e: the variances of e and of the fresh noise add up to sigma^2."""
    x0, e = pair()
    stays = schedule.ddpm(schedule.noise(x0, e, t), x0, torch.zeros_like(e), t, s)
    old = (stays - schedule.alpha(s) * x0) / e
    fresh = (schedule.ddpm(x0, x0, e, t, s) - schedule.ddpm(x0, x0, 0 * e, t, s)) / e
    close(old**2 + fresh**2, torch.full_like(e, schedule.sigma(s) ** 2), 1e-12)
    assert s < 0 or (fresh > 0).all()


@pytest.mark.parametrize("shift", [1.0, 3.0])
def test_a_flow_is_straight_and_never_meets_an_end(shift):
    schedule = Schedule.flow(shift)
    close(schedule.alphas + schedule.sigmas, torch.ones(1000).double(), 1e-15)
    assert schedule.sigmas.min() > 0
    assert schedule.alphas.min() > 0
    close(schedule.times.double(), 1000 * schedule.sigmas, 1e-4)


@pytest.mark.parametrize("shift", [1.0, 3.0])
def test_the_times_of_a_flow_are_the_middles_between_diffusers(shift):
    scheduler: Any = FlowMatchEulerDiscreteScheduler(shift=shift)
    theirs = scheduler.sigmas.double().flip(0)
    ours = Schedule.flow(shift).sigmas
    assert ((theirs - ours)[:-1] > 0).all()
    assert (theirs[:-1] < ours[1:]).all()


@pytest.mark.parametrize("n", [1, 2, 7, 25, 50, 500])
@pytest.mark.parametrize("start", [None, 999, 640])
def test_steps_lead_in_n_falling_steps_from_start_to_clean(n, start):
    pairs = SCHEDULE.steps(n, start)
    assert len(pairs) == n
    assert pairs[0][0] == (999 if start is None else start)
    assert pairs[-1][1] == -1
    assert all(t > s for t, s in pairs)
    assert all(now[1] == then[0] for now, then in pairwise(pairs))


@pytest.mark.parametrize("n", [7, 25, 50])
def test_steps_are_even(n):
    lengths = [t - s for t, s in SCHEDULE.steps(n)[:-1]]
    assert max(lengths) - min(lengths) <= 1


# Literal, so that no formula of ours stands behind them.
LEADING_50 = """981 961 941 921 901 881 861 841 821 801 781 761 741 721 701 681 661 641 621 601
    581 561 541 521 501 481 461 441 421 401 381 361 341 321 301 281 261 241 221 201
    181 161 141 121 101 81 61 41 21 1"""
LEADING_30 = """958 925 892 859 826 793 760 727 694 661 628 595 562 529 496 463 430 397 364 331
    298 265 232 199 166 133 100 67 34 1"""
TRUNCATED_50 = """999 979 959 939 919 899 879 859 839 819 799 779 759 739 719 699 679 659 639 619
    599 579 559 539 519 499 479 459 439 419 399 379 359 339 319 299 279 259 239 219
    199 179 159 139 119 99 79 59 39 19"""
TRUNCATED_8 = "999 874 749 624 499 374 249 124"
EVEN_8 = "999 874 749 624 500 375 250 125"


@pytest.mark.parametrize(
    ("spacing", "times", "end"),
    [
        ("leading", LEADING_50, 0),
        ("leading", LEADING_30, 0),
        ("truncated", TRUNCATED_50, -1),
        ("truncated", TRUNCATED_8, -1),
        ("even", EVEN_8, -1),
    ],
)
def test_times_are_the_released_codes(spacing, times, end):
    """Stable Diffusion's scheduler files; int(999 - 999 k / n) of StochSync; ours, rounded."""
    expected = [int(t) for t in times.split()]
    pairs = SCHEDULE.steps(len(expected), spacing=spacing)
    assert pairs == list(pairwise([*expected, end]))
