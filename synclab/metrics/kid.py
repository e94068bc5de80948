"""Kernel distance of two sets of features: an unbiased squared MMD with a cubic kernel.

Binkowski et al., Demystifying MMD GANs (1801.01401), section 4. Papers print it times 1000.
"""

import numpy as np
from numpy.typing import ArrayLike

from synclab.metrics.matrices import Matrix, pair


def kernel_distance(generated: ArrayLike, reference: ArrayLike) -> float:
    """One evaluation over all images (n, d) and (m, d): deterministic, without bias in n or m.

    Near zero for equal distributions, where it may be negative.
    """
    x, y = pair(generated, reference, "kid", least=2)
    return _within(x) + _within(y) - 2 * float(kernel(x, y).mean())


def kernel(x: Matrix, y: Matrix) -> Matrix:
    """(x.y / d + 1)^3 of every pair."""
    return (x @ y.T / x.shape[1] + 1) ** 3


def _within(x: Matrix) -> float:
    """Mean kernel of two different images of a set."""
    values = kernel(x, x)
    return float((values.sum() - values.trace()) / (len(x) * (len(x) - 1)))


def kernel_distance_of_subsets(
    generated: ArrayLike,
    reference: ArrayLike,
    subsets: int = 100,
    size: int = 1000,
    seed: int = 0,
) -> float:
    """The papers' form: mean over random subsets of `size` images, fewer where a set is smaller.

    Draws as clean-fid does, which takes numpy's global generator instead of a seed.
    """
    x, y = pair(generated, reference, "kid", least=2)
    random = np.random.RandomState(seed)
    count = min(len(x), len(y), size)
    draws = (
        (random.choice(len(y), count, replace=False), random.choice(len(x), count, replace=False))
        for _ in range(subsets)
    )
    return float(np.mean([kernel_distance(x[own], y[other]) for other, own in draws]))
