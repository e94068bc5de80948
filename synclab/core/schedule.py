"""The noise schedule and all conversions between x_t, x0 and noise.

x_t = alpha_t x0 + sigma_t eps. Integer times t run from 0 (almost clean) to T - 1 (almost noise);
t = -1 stands for clean data, alpha = 1 and sigma = 0.
"""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

Spacing = Literal["even", "truncated", "leading"]
"""Spacing of a sampler's timesteps: see `Schedule.steps`."""


@dataclass(frozen=True, eq=False)
class Schedule:
    """`alphas` and `sigmas` are (T,) float64; the network gets `times` (T,) as its time input."""

    alphas: Tensor
    sigmas: Tensor
    times: Tensor

    @classmethod
    def variance_preserving(cls, abar: Tensor) -> "Schedule":
        """alpha^2 = abar, sigma^2 = 1 - abar; the time input is t (Ho et al. 2020)."""
        return cls(abar.sqrt(), (1 - abar).sqrt(), torch.arange(len(abar)))

    @classmethod
    def scaled_linear(
        cls, first: float = 0.00085, last: float = 0.012, n: int = 1000
    ) -> "Schedule":
        """Stable Diffusion's: square roots of the betas in equal steps (Rombach et al. 2022)."""
        beta = torch.linspace(first**0.5, last**0.5, n, dtype=torch.float64) ** 2
        return cls.variance_preserving((1 - beta).cumprod(0))

    @classmethod
    def cosine(cls, shift: float = 1.0, n: int = 1000) -> "Schedule":
        """abar follows a squared cosine, with betas of at most 0.999 (Nichol and Dhariwal 2021).

        `shift` multiplies sigma / alpha at every time: data of many redundant numbers, as large
        images, need more noise (Hoogeboom et al. 2023, "Simple Diffusion").
        """
        part = (torch.arange(n + 1, dtype=torch.float64) / n + 0.008) / 1.008
        level = (part * math.pi / 2).cos() ** 2
        beta = (1 - level[1:] / level[:-1]).clamp_max(0.999)
        abar = (1 - beta).cumprod(0)
        return cls.variance_preserving(abar / (abar + shift**2 * (1 - abar)))

    @classmethod
    def flow(cls, shift: float = 1.0, n: int = 1000) -> "Schedule":
        """Straight paths, alpha = 1 - s and sigma = s; the time input is n s (Esser et al. 2024).

        s takes the midpoints of n equal intervals of [0, 1], shifted towards noise, as large images
        need more of it. So s is never exactly 1 (pure noise) or 0 (clean).
        """
        s = (torch.arange(n, dtype=torch.float64) + 0.5) / n
        s = shift * s / (1 + (shift - 1) * s)
        return cls(1 - s, s, (n * s).float())  # float32: not every device supports float64

    @property
    def last(self) -> int:
        """The noisiest time, T - 1."""
        return len(self.alphas) - 1

    def alpha(self, t: int) -> float:
        """Coefficient of x0 in x_t; 1 at t = -1."""
        return 1.0 if t < 0 else float(self.alphas[t])

    def sigma(self, t: int) -> float:
        """Coefficient of the noise in x_t; 0 at t = -1."""
        return 0.0 if t < 0 else float(self.sigmas[t])

    @property
    def abar(self) -> Tensor:
        """(T,) alpha-bar of the variance-preserving process of equal signal-to-noise ratio."""
        return self.alphas**2 / (self.alphas**2 + self.sigmas**2)

    def a(self, t: int) -> float:
        """alpha-bar at time t; 1 at t = -1."""
        signal, noise = self.alpha(t) ** 2, self.sigma(t) ** 2
        return signal / (signal + noise)

    def lam(self, t: int) -> float:
        """Half the log signal-to-noise ratio, log(alpha_t / sigma_t), of DPM-Solver."""
        return math.log(self.alpha(t) / self.sigma(t))

    def x0(self, x: Tensor, eps: Tensor, t: int) -> Tensor:
        """Tweedie's estimate of the clean x0 from x and its noise."""
        return (x - self.sigma(t) * eps) / self.alpha(t)

    def eps(self, x: Tensor, x0: Tensor, t: int) -> Tensor:
        """The noise that separates x from x0."""
        return (x - self.alpha(t) * x0) / self.sigma(t)

    def noise(self, x0: Tensor, eps: Tensor, t: int) -> Tensor:
        """x at time t from x0 and noise."""
        return self.alpha(t) * x0 + self.sigma(t) * eps

    def ddim(self, x: Tensor, x0: Tensor, t: int, s: int) -> Tensor:
        """Deterministic step from t to s, the noise re-derived from (x, x0) (SyncTweedies, phi).

        At s = -1 nothing of x remains: the result is x0 itself.
        """
        return x0 if s < 0 else self.noise(x0, self.eps(x, x0, t), s)

    def ddpm(self, x: Tensor, x0: Tensor, eps: Tensor, t: int, s: int) -> Tensor:
        """Stochastic step from t to s: a draw of q(x_s | x_t, x0) with standard normal `eps`.

        Ho et al. 2020, eq. 6 and 7, for any two times; at s = -1 the result is x0 itself.
        """
        ratio = self.alpha(t) / self.alpha(s)
        seen = ratio * (self.sigma(s) / self.sigma(t)) ** 2 * (x - self.alpha(t) * x0)
        return self.alpha(s) * x0 + seen + self.posterior_std(t, s) * eps

    def posterior_std(self, t: int, s: int) -> float:
        """Standard deviation of q(x_s | x_t, x0): DDIM's sigma at eta = 1; 0 at s = -1."""
        ratio = self.alpha(t) / self.alpha(s)
        fresh = 1 - (ratio * self.sigma(s) / self.sigma(t)) ** 2  # share of x_s not seen in x_t
        return self.sigma(s) * fresh**0.5

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
            t = [i * (len(self.alphas) // n) + 1 for i in reversed(range(n))]
            return list(zip(t, [*t[1:], 0], strict=True))
        half = 0.5 if spacing == "even" else 0.0
        t = [int(start - start * i / n + half) for i in range(n)]
        return list(zip(t, [*t[1:], -1], strict=True))
