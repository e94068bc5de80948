"""Fast copies of large canvases."""

import torch
from torch import Tensor


def copied(z: Tensor) -> Tensor:
    """Copies z, on the CPU through numpy.

    Mapping new memory in 4 KB pages dominates the time of copying a 100 MB canvas on Linux. numpy
    asks for 2 MB pages, torch does not: 0.02 s instead of 0.06 s.
    """
    plain = z.is_cpu and not z.requires_grad
    return torch.from_numpy(z.numpy().copy()) if plain else z.clone()
