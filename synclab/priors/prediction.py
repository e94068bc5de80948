"""What a network answers with, and the noise in x that it means: methods ask for noise alone.

Every answer is affine in the noise, and the weights of guidance sum to one: guidance among answers
is guidance among noises. It is taken among answers, for turning a flow into noise loses digits.
"""

from torch import Tensor

from synclab.core.schedule import Schedule


def from_noise(answer: Tensor, x: Tensor, t: int, schedule: Schedule) -> Tensor:
    """The answer is the noise itself (Ho et al. 2020)."""
    return answer


def from_v(answer: Tensor, x: Tensor, t: int, schedule: Schedule) -> Tensor:
    """v = alpha eps - sigma x0, where alpha^2 + sigma^2 = 1 (Salimans and Ho 2022, app. D)."""
    return schedule.alpha(t) * answer + schedule.sigma(t) * x


def from_flow(answer: Tensor, x: Tensor, t: int, schedule: Schedule) -> Tensor:
    """v = eps - x0, where alpha + sigma = 1, so x0 = x - sigma v (Liu et al. 2023, eq. 1)."""
    return x + schedule.alpha(t) * answer


NOISE = {"epsilon": from_noise, "v_prediction": from_v, "flow": from_flow}
"""By the name of what is predicted, as diffusers writes it into a scheduler's file."""
