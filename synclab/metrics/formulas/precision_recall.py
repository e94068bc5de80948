"""Precision and recall: shares of one set that lie within the other's manifold.

Kynkaanniemi et al., Improved Precision and Recall Metric (1904.06991): precision is
`covered(generated, reference, k)` on average, recall `covered(reference, generated, k)`.
"""

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from synclab.errors import UserError
from synclab.metrics.formulas.matrices import Matrix, pair


def covered(images: ArrayLike, manifold: ArrayLike, k: int = 3) -> Matrix:
    """1 for each image (n, d) within reach of the manifold (m, d), else 0: (n,).

    The manifold is a ball around each of its images that reaches to its k-th nearest other one.
    """
    x, y = pair(images, manifold, "precision/recall", least=1)
    if len(y) <= k:
        raise UserError(f"precision/recall: {len(y)} images; expected more than k={k}")
    radii = distances(y, y).kthvalue(k + 1).values  # the nearest is the image itself
    return np.asarray((distances(x, y) <= radii).any(1), dtype=np.float64)


def distances(x: Matrix, y: Matrix) -> Tensor:
    """Euclidean, exact: the faster form loses a point's zero distance to itself."""
    return torch.cdist(
        torch.from_numpy(x), torch.from_numpy(y), compute_mode="donot_use_mm_for_euclid_dist"
    )
