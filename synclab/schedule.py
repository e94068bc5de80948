"""Alpha-bar and its conversions: the only place where they live.

Notation of the papers: x = sqrt(abar_t) x0 + sqrt(1 - abar_t) eps. Integer times t run from 0
(almost clean) to 999 (almost noise); t = -1 stands for clean data, abar = 1.
"""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

Spacing = Literal["even", "truncated", "leading"]
"""How a sampler's times lie: see `Schedule.steps`."""


@dataclass(frozen=True, eq=False)
class Schedule:
    """A variance-preserving diffusion: `abar` is (T,) float64, falling from about 1 to about 0."""

    abar: Tensor

    @classmethod
    def scaled_linear(
        cls, first: float = 0.00085, last: float = 0.012, n: int = 1000
    ) -> "Schedule":
        """Stable Diffusion's: square roots of the betas in equal steps (Rombach et al. 2022)."""
        beta = torch.linspace(first**0.5, last**0.5, n, dtype=torch.float64) ** 2
        return cls((1 - beta).cumprod(0))

    @property
    def last(self) -> int:
        """The noisiest time, T - 1."""
        return len(self.abar) - 1

    def a(self, t: int) -> float:
        """alpha-bar at time t; 1 at t = -1."""
        return 1.0 if t < 0 else float(self.abar[t])

    def lam(self, t: int) -> float:
        """Half the log signal-to-noise ratio, log(alpha_t / sigma_t), of DPM-Solver."""
        a = self.a(t)
        return 0.5 * math.log(a / (1 - a))

    def x0(self, x: Tensor, eps: Tensor, t: int) -> Tensor:
        """Tweedie's estimate of the clean x0 from x and its noise."""
        a = self.a(t)
        return (x - (1 - a) ** 0.5 * eps) / a**0.5

    def eps(self, x: Tensor, x0: Tensor, t: int) -> Tensor:
        """The noise that separates x from x0."""
        a = self.a(t)
        return (x - a**0.5 * x0) / (1 - a) ** 0.5

    def noise(self, x0: Tensor, eps: Tensor, t: int) -> Tensor:
        """x at time t from x0 and noise."""
        a = self.a(t)
        return a**0.5 * x0 + (1 - a) ** 0.5 * eps

    def ddim(self, x: Tensor, x0: Tensor, t: int, s: int) -> Tensor:
        """Deterministic step from t to s, the noise re-derived from (x, x0) (SyncTweedies, phi).

        At s = -1 nothing of x remains: the result is x0 itself.
        """
        return x0 if s < 0 else self.noise(x0, self.eps(x, x0, t), s)

    def steps(
        self, n: int, start: int | None = None, spacing: Spacing = "even"
    ) -> list[tuple[int, int]]:
        """n pairs (t, s) from `start` (T - 1) down to clean data.

        "even": the first call at `start`, the last pair ends at s = -1; "truncated": the same, cut
        to integers as StochSync's code does; "leading": multiples of T // n plus one, the last pair
        ends at time 0 (Stable Diffusion's scheduler files, and so most released code).
        """
        start = self.last if start is None else start
        if spacing == "leading":
            t = [i * (len(self.abar) // n) + 1 for i in reversed(range(n))]
            return list(zip(t, [*t[1:], 0], strict=True))
        half = 0.5 if spacing == "even" else 0.0
        t = [int(start - start * i / n + half) for i in range(n)]
        return list(zip(t, [*t[1:], -1], strict=True))
