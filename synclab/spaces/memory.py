"""Fast copies of large canvases."""

import torch
from torch import Tensor


def copied(z: Tensor) -> Tensor:
    """A copy of z.

    Linux maps new memory in pages of 4 KB, which takes most of the time that copying a canvas of
    100 MB takes. numpy asks for pages of 2 MB where torch does not: 0.02 s instead of 0.06.
    """
    plain = z.is_cpu and not z.requires_grad
    return torch.from_numpy(z.numpy().copy()) if plain else z.clone()
