"""CMMD: the maximum mean discrepancy of joint embeddings, with a Gaussian kernel.

Jayasumana et al., Rethinking FID: Towards a Better Evaluation Metric for Image Generation
(2401.09603). The paper embeds images with CLIP ViT-L/14 at 336 pixels.
"""

import numpy as np
from numpy.typing import ArrayLike

from synclab.metrics.formulas.matrices import Matrix, pair

BANDWIDTH = 10.0


def embedding_discrepancy(generated: ArrayLike, reference: ArrayLike) -> float:
    """Squared discrepancy of embeddings (n, d) and (m, d), each first scaled to length 1.

    The V-statistic, whose means include the pairs of an image with itself: never negative, and 0
    for equal sets. Papers print it times 1000.
    """
    x, y = map(normalised, pair(generated, reference, "cmmd", least=1))
    return float(kernel(x, x).mean() + kernel(y, y).mean() - 2 * kernel(x, y).mean())


def kernel(x: Matrix, y: Matrix) -> Matrix:
    """exp(-|x - y|^2 / (2 * 10^2)) of every pair: (n, m)."""
    squares = (x**2).sum(1)[:, None] + (y**2).sum(1) - 2 * x @ y.T
    return np.exp(-squares / (2 * BANDWIDTH**2))


def normalised(x: Matrix) -> Matrix:
    return x / np.linalg.norm(x, axis=1, keepdims=True)
