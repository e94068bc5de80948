"""Inception Score: confidence of a classifier on each image, and diversity of its predictions.

Salimans et al., Improved Techniques for Training GANs (1606.03498), section 4.
"""

import numpy as np
from numpy.typing import ArrayLike

from synclab.errors import UserError
from synclab.metrics.formulas.matrices import Matrix, matrix

SEED = 2020  # torch-fidelity's


def inception_score(logits: ArrayLike, splits: int = 1, seed: int = SEED) -> float:
    """exp(mean KL(p(y|x) || p(y))), averaged over `splits` parts of the shuffled images.

    Args: logits (n, classes), n >= splits.
    Returns: from 1 to the number of classes, and at most the number of images in a part: the
        papers' ten splits of 200 images cannot exceed 20.
    """
    logits = matrix(logits, "is", least=1)
    if len(logits) < splits:
        raise UserError(f"is: {len(logits)} images; expected at least one for each of {splits}")
    log_p = log_softmax(logits[np.random.RandomState(seed).permutation(len(logits))])
    ends = [i * len(log_p) // splits for i in range(splits + 1)]
    return float(np.mean([_score(log_p[a:b]) for a, b in zip(ends, ends[1:], strict=False)]))


def _score(log_p: Matrix) -> float:
    log_q = np.logaddexp.reduce(log_p, axis=0) - np.log(len(log_p))
    return float(np.exp((np.exp(log_p) * (log_p - log_q)).sum(1).mean()))


def log_softmax(logits: Matrix) -> Matrix:
    return logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
