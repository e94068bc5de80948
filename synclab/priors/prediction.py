"""Conversion of network outputs to noise predictions, the only kind that methods use.

Every output is affine in the noise and the guidance weights sum to one, so guidance may be applied
to outputs or noises. It is applied to outputs, since converting a flow to noise loses precision.
"""

from torch import Tensor

from synclab.core.schedule import Schedule


def from_noise(answer: Tensor, x: Tensor, t: int, schedule: Schedule) -> Tensor:
    """The output is the noise itself (Ho et al. 2020)."""
    return answer


def from_v(answer: Tensor, x: Tensor, t: int, schedule: Schedule) -> Tensor:
    """v = alpha eps - sigma x0, where alpha^2 + sigma^2 = 1 (Salimans and Ho 2022, app. D)."""
    return schedule.alpha(t) * answer + schedule.sigma(t) * x


def from_flow(answer: Tensor, x: Tensor, t: int, schedule: Schedule) -> Tensor:
    """v = eps - x0, where alpha + sigma = 1, so x0 = x - sigma v (Liu et al. 2023, eq. 1)."""
    return x + schedule.alpha(t) * answer


def from_sample(answer: Tensor, x: Tensor, t: int, schedule: Schedule) -> Tensor:
    """The output is the clean x0 itself (Tevet et al. 2023, eq. 2)."""
    return schedule.eps(x, answer, t)


NOISE = {
    "epsilon": from_noise,
    "v_prediction": from_v,
    "flow": from_flow,
    "sample": from_sample,
}
"""Conversions by prediction type, as named in diffusers' scheduler files."""
