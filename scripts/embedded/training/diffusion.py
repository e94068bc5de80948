"""The embedded prior's diffusion: its schedule, the velocity, and steps under guidance."""

import functools
from dataclasses import dataclass
from typing import Any

import torch
from diffusers import DDIMScheduler
from torch import Tensor

from synclab.core.schedule import Schedule

LAST_BETA = 0.019  # abar ends at 3e-4, where not even a latent's mean colour can be read
STEEPEST = 20.0  # weight of the noise's error, at most


def build_scheduler() -> Any:
    scheduler: Any = DDIMScheduler
    return scheduler(
        beta_start=0.00085,
        beta_end=LAST_BETA,
        beta_schedule="scaled_linear",
        prediction_type="v_prediction",
        clip_sample=False,
        steps_offset=1,
    )


@functools.cache
def schedule() -> Schedule:
    return Schedule.scaled_linear(last=LAST_BETA)


def rates(schedule: Schedule, t: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
    """alpha and sigma (n, 1, 1, 1) at times t (n,); 1 and 0 at t = -1, clean data."""
    t = t.cpu()
    alpha = torch.where(t < 0, 1.0, schedule.alphas[t])
    sigma = torch.where(t < 0, 0.0, schedule.sigmas[t])
    return alpha.view(-1, 1, 1, 1).to(like), sigma.view(-1, 1, 1, 1).to(like)


def weighted_noise_error(answer: Tensor, eps: Tensor, alpha: Tensor) -> Tensor:
    """Squared error (n,) of the noise, weighted to that of the velocity, 1 / alpha^2, at most 20.

    An outline is decided at the noisiest times, where errors of the noise are small.
    """
    weight = (1 / alpha.square()).clamp_max(STEEPEST)
    return (weight * (answer - eps).square()).mean((1, 2, 3))


def velocity(x0: Tensor, eps: Tensor, t: Tensor) -> Tensor:
    """v = alpha eps - sigma x0 (Salimans and Ho 2022)."""
    alpha, sigma = rates(schedule(), t, x0)
    return alpha * eps - sigma * x0


def noised(x0: Tensor, eps: Tensor, t: Tensor) -> Tensor:
    alpha, sigma = rates(schedule(), t, x0)
    return alpha * x0 + sigma * eps


def clean(x: Tensor, v: Tensor, t: Tensor) -> Tensor:
    """x0 = alpha x - sigma v."""
    alpha, sigma = rates(schedule(), t, x)
    return alpha * x - sigma * v


def noise_of(x: Tensor, v: Tensor, t: Tensor) -> Tensor:
    """eps = sigma x + alpha v."""
    alpha, sigma = rates(schedule(), t, x)
    return sigma * x + alpha * v


@dataclass(frozen=True)
class Guided:
    """A denoiser under classifier-free guidance of one scale."""

    unet: Any
    unprompted: Tensor  # (LENGTH, width), the empty prompt's states
    guidance: float

    def velocity(self, x: Tensor, t: Tensor, context: Tensor) -> Tensor:
        both = torch.cat([self.unprompted.expand_as(context), context])
        low, high = self.unet(torch.cat([x, x]), torch.cat([t, t]), both).sample.chunk(2)
        return low + self.guidance * (high - low)

    def step(self, x: Tensor, t: Tensor, s: Tensor, context: Tensor) -> Tensor:
        """x at the times s (n,) by one DDIM step from t."""
        v = self.velocity(x, t, context)
        return noised(clean(x, v, t), noise_of(x, v, t), s)

    def sample(self, x: Tensor, context: Tensor, steps: int) -> Tensor:
        """Latents (n, c, h, w) by DDIM from noise x."""
        for t, s in schedule().steps(steps):
            times = (torch.full((len(x),), time) for time in (t, s))
            x = self.step(x, *(time.to(x.device) for time in times), context)
        return x
