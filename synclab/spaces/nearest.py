"""Filling of what no view sees with the nearest seen point in 3D."""

import torch
from scipy.spatial import KDTree
from torch import Tensor


def nearest_seen(position: Tensor, seen: Tensor) -> Tensor:
    """Index (m,) of the seen point nearest to each of the positions (m, 3), on the CPU.

    A seen point is its own; without any seen point all are their own.
    """
    source = torch.arange(len(position))
    if seen.any() and not seen.all():
        _, found = KDTree(position[seen].numpy()).query(position[~seen].numpy())
        source[~seen] = source[seen][torch.from_numpy(found)]
    return source
