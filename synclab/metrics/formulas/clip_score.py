"""Similarity of images to their prompts, from joint embeddings of an image-text model.

Cosine similarity times 100, as the papers of this field print it (not CLIPScore's
2.5 max(cosine, 0)).
"""

import numpy as np
from numpy.typing import ArrayLike

from synclab.metrics.formulas.matrices import Matrix, matrix, pair

TEMPERATURE = 0.07


def similarity(images: ArrayLike, texts: ArrayLike) -> Matrix:
    """Cosines x 100 of every image (n, d) with every text (m, d): (n, m)."""
    x, y = pair(images, texts, "clip", least=1)
    return 100 * _unit(x) @ _unit(y).T


def _unit(x: Matrix) -> Matrix:
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def alignment(cosines: ArrayLike) -> float:
    """The lowest similarity of an image's views to their own prompts: min of the diagonal (n, n).

    Visual Anagrams (2311.17919), section 4.4; view i against prompt j, cosines in [-1, 1].
    """
    return float(matrix(cosines, "alignment", least=1).diagonal().min())


def concealment(cosines: ArrayLike, temperature: float = TEMPERATURE) -> float:
    """Confidence of matching views to their own prompts: tr softmax(S / t) / n in (0, 1].

    Mean of the softmax over prompts and the one over views; Visual Anagrams, section 4.4.
    """
    scaled = matrix(cosines, "concealment", least=1) / temperature
    shares = [scaled - np.logaddexp.reduce(scaled, axis=axis, keepdims=True) for axis in (0, 1)]
    return float(np.mean([np.exp(share).diagonal() for share in shares]))
