"""Multi-step estimates of the clean image: from a noisy x down to x0, mostly along the ODE."""

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from synclab.core.protocols import Cond, Denoiser, Rng
from synclab.core.schedule import Schedule

Blend = Callable[[Tensor, int, int, int], Tensor]
"""Called after step i of n with (x, its time, i, n); returns the x for the next step."""

Solver = Callable[..., Tensor]
"""A multi-step estimate of x0: (prior, x, t, cond, guidance, n, blend) -> x0."""


def nodes(schedule: Schedule, t: int, n: int) -> list[int]:
    """Times of the network calls: t, then the points below t of a fixed grid of n points over
    [0, T - 1].

    Clipping one fixed grid makes the number of steps fall linearly with t, as StochSync asks for
    (Yeo et al. 2025, App. B).
    """
    grid = torch.linspace(schedule.last, 0, n).long().tolist()
    return [t] + [node for node in grid if 0 < node < t]


def tweedie_x0(
    prior: Denoiser, x: Tensor, t: int, cond: Cond, guidance: float, blend: Blend | None = None
) -> Tensor:
    """One step: Tweedie's estimate itself. `blend` is ignored."""
    return prior.schedule.x0(x, prior.predict(x, t, cond, guidance), t)


def ddim_x0(
    prior: Denoiser,
    x: Tensor,
    t: int,
    cond: Cond,
    guidance: float,
    n: int,
    blend: Blend | None = None,
    end: int = -1,
) -> Tensor:
    """G(x_t) by DDIM, eta = 0 (Song et al. 2021, eq. 12), over `nodes(t, n)`.

    The authors of StochSync end at time 0, which leaves 3 % of noise; -1 is clean.
    """
    times = nodes(prior.schedule, t, n)
    for i, (t, s) in enumerate(zip(times, [*times[1:], end], strict=True)):
        x0 = prior.schedule.x0(x, prior.predict(x, t, cond, guidance), t)
        x = prior.schedule.ddim(x, x0, t, s)
        if blend is not None:
            x = blend(x, s, i, len(times))
    return x


def dpm_x0(
    prior: Denoiser,
    x: Tensor,
    t: int,
    cond: Cond,
    guidance: float,
    n: int,
    blend: Blend | None = None,
) -> Tensor:
    """G(x_t) by DPM-Solver++(2M), data prediction, midpoint (Lu et al. 2022, Alg. 2).

    The first step is first-order; the last returns the x0 prediction itself.
    """
    times = nodes(prior.schedule, t, n)
    old, lam_old = None, 0.0
    for i, (t, s) in enumerate(zip(times, [*times[1:], -1], strict=True)):
        x0 = prior.schedule.x0(x, prior.predict(x, t, cond, guidance), t)
        lam = prior.schedule.lam(t)
        if s < 0:
            x = x0
        else:
            h = prior.schedule.lam(s) - lam
            mean = x0 if old is None else x0 + h / (2 * (lam - lam_old)) * (x0 - old)
            x = prior.schedule.ddim(x, mean, t, s)
        old, lam_old = x0, lam
        if blend is not None:
            x = blend(x, s, i, len(times))
    return x


def consistency_x0(
    prior: Denoiser,
    x: Tensor,
    t: int,
    cond: Cond,
    guidance: float,
    n: int,
    rng: Rng,
    blend: Blend | None = None,
) -> Tensor:
    """G(x_t) by multi-step consistency sampling (Song et al. 2023, Alg. 1), for consistency models.

    n estimates of x0 at evenly spaced times from t down, each from the last and fresh noise.
    """
    pairs = prior.schedule.steps(n, start=t)
    for i, (t, s) in enumerate(pairs):
        x = prior.schedule.x0(x, prior.predict(x, t, cond, guidance), t)
        if s >= 0:
            x = prior.schedule.noise(x, rng.normal("consistency", tuple(x.shape)), s)
        if blend is not None:
            x = blend(x, s, i, n)
    return x


def ddim_inversion(
    prior: Denoiser, x0: Tensor, t: int, cond: Cond, guidance: float, n: int
) -> Tensor:
    """x_t by the DDIM ODE run upwards from clean x0, over those of n grid points below t."""
    grid = torch.linspace(0, prior.schedule.last, n).long().tolist()
    times = [0] + [node for node in grid if 0 < node < t]
    *_, (last, x, eps) = inversion_path(prior, x0, times, cond, guidance)
    return prior.schedule.noise(prior.schedule.x0(x, eps, last), eps, t)


def inversion_path(
    prior: Denoiser, x0: Tensor, times: Sequence[int], cond: Cond, guidance: float
) -> Iterator[tuple[int, Tensor, Tensor]]:
    """The DDIM ODE run upwards: (time, x, its predicted noise) at each of the rising times.

    The clean x0 is taken for the state at the first time, which should be near 0.
    """
    x, eps, last = x0, None, 0
    for t in times:
        if eps is not None:
            x = prior.schedule.noise(prior.schedule.x0(x, eps, last), eps, t)
        eps, last = prior.predict(x, t, cond, guidance), t
        yield t, x, eps


SOLVERS = {"ddim": ddim_x0, "dpm": dpm_x0}
"""Deterministic solvers by their name in configurations."""
