"""KNN-GIQA: closeness of a single image to its nearest reference images.

Gu et al., GIQA: Generated Image Quality Assessment (2003.08932), section 3.3, with the distances of
its code: L1, summed over the neighbours. Papers print the mean over images times 1000.
"""

import numpy as np
import torch
from numpy.typing import ArrayLike

from synclab.errors import UserError
from synclab.metrics.formulas.matrices import Matrix, pair


def giqa(generated: ArrayLike, reference: ArrayLike, k: int) -> Matrix:
    """Sum of 1 / L1 distance to the k nearest of the reference features (m, d): (n,).

    The released code uses k = 1, SyncDiffusion states 8. A generated image that is also in the
    reference set would score infinity, so overlapping sets are refused.
    """
    x, y = pair(generated, reference, "giqa", least=1)
    if len(y) < k:
        raise UserError(f"giqa: {len(y)} reference images; expected at least k={k}")
    nearest = nearest_distances(x, y, k)
    overlap = int((nearest[:, 0] == 0).sum())
    if overlap:
        raise UserError(
            f"giqa: {overlap} images are in the reference set too; expected disjoint sets;"
            " use other seeds for the reference"
        )
    return (1 / nearest).sum(1)


def nearest_distances(x: Matrix, y: Matrix, k: int) -> Matrix:
    """L1 distances (n, k) from each row of x to the k nearest rows of y, the nearest first."""
    distances = torch.cdist(torch.from_numpy(x), torch.from_numpy(y), p=1)
    return np.asarray(distances.topk(k, largest=False).values)
