"""Stable Diffusion's alpha-bar and the conversions between x, x0 and eps."""

from itertools import pairwise

import pytest
import torch
from conftest import close, streams

from synclab.schedule import Schedule

SCHEDULE = Schedule.scaled_linear()
TIMES = [0, 270, 999]


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


def test_signal_to_noise_rises_towards_clean_data():
    lam = torch.tensor([SCHEDULE.lam(t) for t in range(1000)], dtype=torch.float64)
    assert (lam.diff() < 0).all()
    a = SCHEDULE.abar
    close(lam.exp(), (a / (1 - a)).sqrt(), 1e-10)


@pytest.mark.parametrize("t", TIMES)
def test_noise_x0_and_eps_are_inverses(t):
    x0, eps = streams().normal("x0", (5,)), streams().normal("eps", (5,))
    x = SCHEDULE.noise(x0, eps, t)
    close(SCHEDULE.x0(x, eps, t), x0, 1e-12)
    close(SCHEDULE.eps(x, x0, t), eps, 1e-12)


def test_noise_at_minus_one_is_clean():
    x0, eps = streams().normal("x0", (5,)), streams().normal("eps", (5,))
    close(SCHEDULE.noise(x0, eps, -1), x0, 0)


@pytest.mark.parametrize(("t", "s"), [(999, 900), (590, 270), (20, 0), (0, -1)])
def test_ddim_step_is_the_closed_formula(t, s):
    x, eps = streams().normal("x", (5,)), streams().normal("eps", (5,))
    a, b = SCHEDULE.a(t), SCHEDULE.a(s)
    gap = (b / a) ** 0.5 - ((1 - b) / (1 - a)) ** 0.5
    expected = (b / a) ** 0.5 * x - (1 - a) ** 0.5 * gap * eps
    close(SCHEDULE.ddim(x, SCHEDULE.x0(x, eps, t), t, s), expected, 1e-12)


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
