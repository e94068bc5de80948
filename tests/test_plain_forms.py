"""Methods against plain forms: loops written from the papers' equations, on a score that is known.

The plain forms use numbers alone: no schedule, solver or space of synclab. Guidance changes what is
predicted, so that its sign and scale matter, and the score is not linear, so that views that were
averaged go another way than views that were not.
"""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from conftest import close, last, streams, wide
from torch import Tensor

from synclab.core.protocols import Everywhere
from synclab.methods.distillation import WEIGHTS
from synclab.methods.ism import ISM
from synclab.methods.multidiffusion import MultiDiffusion, gaussian
from synclab.methods.sdi import SDI
from synclab.methods.sdi_released import ReleasedSDI
from synclab.methods.sds import SDS
from synclab.methods.syncdiffusion import SyncDiffusion
from synclab.methods.syncsde import SyncSDE
from synclab.methods.synctweedies import SyncTweedies
from synclab.priors.exact import ExactPrior

# ---------------------------------------------------------------- Stable Diffusion's noise, plainly

ABAR = np.cumprod(1 - np.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2).tolist()


def root(value: float) -> float:
    return math.sqrt(value)


STD = 0.5


def posterior_mean(x: Tensor, t: int, share: float) -> Tensor:
    """E[x0 | x_t] of pixels that are N(1, STD^2) with probability `share`, else N(-1, STD^2)."""
    a = ABAR[t]
    variance = a * STD**2 + 1 - a
    level = torch.tanh(root(a) * x / variance + 0.5 * math.log(share / (1 - share)))
    return (root(a) * STD**2 * x + (1 - a) * level) / variance


def noise_of(x: Tensor, t: int, share: float) -> Tensor:
    return (x - root(ABAR[t]) * posterior_mean(x, t, share)) / root(1 - ABAR[t])


def guided(x: Tensor, t: int, scale: float) -> Tensor:
    """eps_u + scale (eps_c - eps_u): most pixels are dark without the prompt, bright with it."""
    without, prompted = noise_of(x, t, 0.3), noise_of(x, t, 0.9)
    return without + scale * (prompted - without)


def clean(x: Tensor, eps: Tensor, t: int) -> Tensor:
    return (x - root(1 - ABAR[t]) * eps) / root(ABAR[t])


def noised(x0: Tensor, eps: Tensor, t: int) -> Tensor:
    return root(ABAR[t]) * x0 + root(1 - ABAR[t]) * eps


def inverted(x0: Tensor, times: list[int], scale: float) -> Tensor:
    """DDIM from the first time to the last; the clean image counts as x at time 0."""
    x = x0
    for s, t in pairwise(times):
        eps = guided(x, s, scale)
        x = noised(clean(x, eps, s), eps, t)
    return x


class Guided(ExactPrior):
    """A prior that remembers at which times it was asked."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        super().__init__(shape)
        self.asked: list[int] = []

    def predict(self, x: Tensor, t: int, cond: object, guidance: float) -> Tensor:
        self.asked.append(t)
        return guided(x, t, guidance)


VIEW = (1, 4, 4)


def state() -> Tensor:
    return 0.3 * streams().normal("state", (2, *VIEW))


def residual(method, t: int, seed: int = 0) -> Tensor:
    return method.residual(Guided(VIEW), state(), t, Everywhere(), streams(seed))


def agree(actual: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(actual, expected, rtol=1e-8, atol=1e-8)


# --------------------------------------------------------------------------------- SDS, SDI and ISM


def test_weights_are_the_papers_functions_of_alpha_bar():
    """alpha-bar 0.36, so alpha is 0.6 and sigma 0.8."""
    expected = {"sigma^2": 0.64, "sigma^4": 0.4096, "alpha sigma": 0.48, "sigma / alpha": 4 / 3}
    assert {name: w(0.36) for name, w in WEIGHTS.items()} == pytest.approx(expected)


@pytest.mark.parametrize("t", [100, 500, 980])
def test_sds_is_its_equation(t):
    """DreamFusion, eq. 3: w(t) (eps_hat - eps), w = sigma^2, eps_hat guided at 30."""
    z, eps = state(), streams().normal("noise", (2, *VIEW))
    expected = (1 - ABAR[t]) * (guided(noised(z, eps, t), t, 30) - eps)
    agree(residual(SDS(), t), expected)


def test_distillation_is_adam_on_the_mean_of_its_views(monkeypatch):
    """Three updates at one time: betas 0.9 and 0.999, eps 1e-8 (Kingma and Ba, Alg. 1)."""
    given, step = [], torch.optim.Adam.step

    def record(adam: torch.optim.Adam) -> None:
        given.append(adam.param_groups[0]["params"][0].grad.clone())
        step(adam)

    monkeypatch.setattr(torch.optim.Adam, "step", record)
    method = SDS(steps=3, views=2, t_min=500, t_max=500, lr=0.1, lr_decay="none", warmup=0)
    space, rng = wide(), streams()
    prior, z = Guided((2, 8, 8)), streams().normal("start", (2, 8, 32))
    first, second, gradients = torch.zeros_like(z), torch.zeros_like(z), []
    for k in range(1, 4):
        gradient = torch.zeros_like(z)
        noise = rng.normal("noise", (2, 2, 8, 8))
        for (offset, _), eps in zip(space.random_views(2, rng), noise, strict=True):
            seen = slice(int(offset), int(offset) + 8)
            x = noised(z[:, :, seen], eps, 500)
            gradient[:, :, seen] += (1 - ABAR[500]) * (guided(x, 500, 30) - eps) / 2
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        z = z - 0.1 * first / (1 - 0.9**k) / ((second / (1 - 0.999**k)).sqrt() + 1e-8)
        gradients.append(gradient)
    agree(last(method, prior, space), z)
    agree(torch.stack(given), torch.stack(gradients))


def sdi_noise(t: int, seed: int) -> Tensor:
    """StochSync's: inversion guided at -7.5 to t + tau on ten knots, then 0.3 sigma fresh noise."""
    z, fresh = state(), streams(seed).normal("noise", (2, *VIEW))
    late = min(t + streams(seed).integer("jitter", 0, 33), 999)
    knots = [knot for knot in range(0, 1000, 111) if knot < late]
    x = inverted(z, [*knots, late], -7.5)
    eps = (x - root(ABAR[late]) * z) / root(1 - ABAR[late])
    return eps + 0.3 * root(1 - ABAR[late]) * fresh


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("t", [20, 110, 500, 980])
def test_sdi_is_its_equations(t, seed):
    """The noise is found at t + tau and used at t."""
    z, eps = state(), sdi_noise(t, seed)
    expected = (1 - ABAR[t]) * (guided(noised(z, eps, t), t, 7.5) - eps)
    agree(residual(SDI(), t, seed), expected)


@pytest.mark.parametrize("t", [20, 500, 999])
def test_the_released_sdi_is_its_equations(t):
    """(1 - a)^1.5 a^0.5 (z - x0_hat); at 999 the network sees the noise itself."""
    z, eps, a = state(), sdi_noise(t, 0), ABAR[t]
    x = eps if t == 999 else noised(z, eps, t)
    target = clean(x, guided(x, t, 7.5), t)
    agree(residual(ReleasedSDI(weight="sigma^4"), t), (1 - a) ** 1.5 * a**0.5 * (z - target))


def test_sdi_inverts_on_ten_knots():
    prior = Guided(VIEW)
    SDI(jitter=0).residual(prior, state(), 500, Everywhere(), streams())
    assert prior.asked == [0, 111, 222, 333, 444, 500]


def test_sdis_jitter_reaches_33_and_no_further():
    class Wish(type(streams())):
        """Answers every draw with its upper end."""

        def integer(self, purpose: str, low: int, high: int) -> int:
            bounds.append((purpose, low, high))
            return high

    bounds, prior = [], Guided(VIEW)
    SDI().residual(prior, state(), 500, Everywhere(), Wish())
    assert bounds == [("jitter", 0, 33)]
    assert prior.asked == [0, 111, 222, 333, 444, 500]  # 444 < 533 < 555, and 500 at the end


def test_sdis_times_fall_from_980_to_20():
    assert [SDI(steps=5).time(k, streams()) for k in range(5)] == [980, 740, 500, 260, 20]


def test_the_released_sdis_times_stop_short_of_0():
    method = ReleasedSDI(steps=301, t_min=0, t_max=999)
    assert [method.time(k, streams()) for k in (0, 1, 2, 150, 300)] == [999, 995, 992, 501, 3]


ISM_KNOTS = {
    150: [0, 100],
    500: [0, 124, 249, 374, 450],
    930: [0, 62, 124, 187, 249, 312, 374, 437, 499, 561, 624, 686, 749, 811, 874, 880],
}
"""s = t - 50, by linspace(0, 999, s // 50) cut below s: StochSync's ISM."""


@pytest.mark.parametrize(("t", "knots"), ISM_KNOTS.items())
def test_ism_is_its_equations(t, knots):
    """LucidDreamer, eq. 17, with StochSync's interval of 50 and weight alpha sigma."""
    s = knots[-1]
    x = inverted(state(), knots, 0)
    eps = guided(x, s, 0)
    ahead = noised(clean(x, eps, s), eps, t)
    expected = root(ABAR[t] * (1 - ABAR[t])) * (guided(ahead, t, 7.5) - eps)
    agree(residual(ISM(), t), expected)


@pytest.mark.parametrize(("t", "knots"), ISM_KNOTS.items())
def test_ism_asks_at_its_knots(t, knots):
    prior = Guided(VIEW)
    ISM().residual(prior, state(), t, Everywhere(), streams())
    assert prior.asked == [*knots, t]


@pytest.mark.parametrize("method", [SDS(), ISM()])
def test_times_are_drawn_from_100_to_980(method):
    class Ends(type(streams())):
        def integer(self, purpose: str, low: int, high: int) -> int:
            return {"t": low + high}[purpose]

    assert method.time(0, Ends()) == 100 + 980


# ------------------------------------------------------------------ views of 8 cells, 4 cells apart

OFFSETS = range(0, 25, 4)
QUARTERS = [(751, 501), (501, 251), (251, 1), (1, 0)]
"""Four leading steps of a thousand."""


def crops(z: Tensor) -> Tensor:
    return torch.stack([z[:, :, offset : offset + 8] for offset in OFFSETS])


def mean_of(views: Tensor) -> Tensor:
    total, count = torch.zeros(2, 8, 32).double(), torch.zeros(32).double()
    for view, offset in zip(views, OFFSETS, strict=True):
        total[:, :, offset : offset + 8] += view
        count[offset : offset + 8] += 1
    return total / count


def ddim(x: Tensor, x0: Tensor, t: int, s: int) -> Tensor:
    """The noise is re-derived from x and x0."""
    return noised(x0, (x - root(ABAR[t]) * x0) / root(1 - ABAR[t]), s)


def estimate(x: Tensor, t: int) -> Tensor:
    return clean(x, guided(x, t, 7.5), t)


def result(method) -> Tensor:
    return last(method, Guided((2, 8, 8)), wide())


def test_multidiffusion_averages_the_next_states():
    """Eq. 5: z' is the mean of what the views step to."""
    z = streams().normal("start", (2, 8, 32))
    for t, s in QUARTERS:
        x = crops(z)
        z = mean_of(ddim(x, estimate(x, t), t, s))
    agree(result(MultiDiffusion(steps=4, spacing="leading")), z)


def test_synctweedies_averages_clean_estimates():
    """Case 2: views step with the noise that leads from the synchronised x0 to their own x."""
    x = streams().normal("start", (7, 2, 8, 8))
    for t, s in QUARTERS:
        x = ddim(x, crops(mean_of(estimate(x, t))), t, s)
    agree(result(SyncTweedies(steps=4, spacing="leading", strategy=2, t_sync=0)), mean_of(x))


def test_synctweedies_views_go_on_alone_from_t_sync_down():
    x = streams().normal("start", (7, 2, 8, 8))
    for t, s in QUARTERS:
        x0 = estimate(x, t)
        x = ddim(x, crops(mean_of(x0)) if t > 251 else x0, t, s)
    agree(result(SyncTweedies(steps=4, spacing="leading", t_sync=251)), mean_of(x))


def slope(x: Tensor, t: int, share: float) -> Tensor:
    """Derivative of the posterior mean."""
    a = ABAR[t]
    variance = a * STD**2 + 1 - a
    level = torch.tanh(root(a) * x / variance + 0.5 * math.log(share / (1 - share)))
    return root(a) * (STD**2 + (1 - a) / variance * (1 - level**2)) / variance


def draw_nearer(x: Tensor, t: int, weight: float) -> Tensor:
    """Down the gradient of the mean square distance of x0 to the middle view's."""
    x0 = estimate(x, t)
    guided_slope = slope(x, t, 0.3) + 7.5 * (slope(x, t, 0.9) - slope(x, t, 0.3))
    gradient = 2 * guided_slope * (x0 - x0[3]) / x0[0].numel()
    return x - weight * gradient


def test_syncdiffusion_is_its_algorithm():
    """Alg. 1: a gradient step of weight 20 * 0.95^i, then MultiDiffusion's."""
    z = streams().normal("start", (2, 8, 32))
    for i, (t, s) in enumerate(QUARTERS):
        x = crops(z)
        x = draw_nearer(x, t, 20 * 0.95**i) if i < 3 else x
        z = mean_of(ddim(x, estimate(x, t), t, s))
    agree(result(SyncDiffusion(steps=4, spacing="leading", guided_steps=3)), z)


def test_a_step_of_syncdiffusion_lowers_the_distance():
    """Its views are nearer to the middle one than MultiDiffusion's, the more so the more weight."""

    def distance(weight: float) -> float:
        views = crops(result(SyncDiffusion(steps=4, spacing="leading", weight=weight)))
        return float((views - views[3]).square().mean())

    assert distance(4) < 0.9 * distance(2) < 0.9**2 * distance(0)


def test_syncsde_is_its_equation():
    """Eq. 7 and 14: views lean on the four columns that they share with the one before."""
    x = streams().normal("start", (7, 2, 8, 8))
    for t, s in QUARTERS:
        a, b = ABAR[t], ABAR[s]
        gamma = root(b / a) - root((1 - b) / (1 - a))
        old, x = x, ddim(x, estimate(x, t), t, s)
        for i in range(1, 7):
            x[i, ..., :4] -= gamma * 2 * t / 751 * (old[i, ..., :4] - old[i - 1, ..., 4:])
    z = torch.zeros(2, 8, 32).double()
    for view, offset in zip(x, OFFSETS, strict=True):
        z[:, :, offset : offset + 8] = view  # the later one on top
    agree(result(SyncSDE(steps=4, spacing="leading", inverse_lambda=2)), z)


def test_a_gaussian_window_is_a_tenth_of_a_view_wide():
    """Ten cells: their centres lie 0.05, 0.15, ... of a view from its middle."""
    window = gaussian(torch.zeros(1).double(), 10, 10)
    profile = torch.tensor([math.exp(-0.5 * (x / 10) ** 2) for x in range(-45, 46, 10)]).double()
    close(window, profile * profile[:, None], 1e-7)
