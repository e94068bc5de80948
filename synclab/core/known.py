"""The known region of a canonical state: what is given in advance and stays as it is.

Yeo et al. 2025 (arXiv 2501.15445), eq. 9: z agrees with the measurement inside the mask and with
the views outside of it.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from synclab.core.schedule import Schedule


@dataclass(frozen=True, eq=False)
class Known:
    """A state that is given where its weight is 1, and free where it is 0.

    Args:
        state: (c, H, W); any values where the weight is 0.
        weight: (1, H, W) in [0, 1]; values between 0 and 1 make a soft edge.
    """

    state: Tensor
    weight: Tensor

    def put_into(self, z: Tensor) -> Tensor:
        """z (c, H, W) with the given state in its place."""
        return torch.lerp(z, self.state.to(z), self.weight.to(z))

    def noised(self, schedule: Schedule, eps: Tensor, t: int) -> "Known":
        """The given state at time t, noised by eps (c, H, W).

        With the same eps at all times it follows the DDIM trajectory that ends in the clean state.
        """
        return Known(schedule.noise(self.state.to(eps), eps, t), self.weight)


@dataclass(frozen=True, eq=False)
class Inverted(Known):
    """A given state whose noisy states are those of its DDIM inversion, whatever the noise.

    Args:
        path: (time, state, its predicted noise) from the cleanest to the noisiest.
    """

    path: tuple[tuple[int, Tensor, Tensor], ...]

    def noised(self, schedule: Schedule, eps: Tensor, t: int) -> Known:
        """The inverted state at time t; between two times of the path, a step up from the lower."""
        below = [node for node in self.path if node[0] <= t]
        if not below:
            return Known(self.state, self.weight)
        u, x, noise = below[-1]
        return Known(schedule.noise(schedule.x0(x, noise, u), noise, t), self.weight)
