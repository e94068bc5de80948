"""Checks of feature matrices that all metrics share."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from synclab.errors import UserError

Matrix = NDArray[np.float64]
"""Rows are images, columns features."""


def matrix(features: ArrayLike, metric: str, least: int) -> Matrix:
    """Features as float64 (n, d); a UserError for fewer than `least` rows or for NaN."""
    rows = np.asarray(features, dtype=np.float64)
    if rows.ndim != 2:
        raise UserError(f"{metric}: features of shape {rows.shape}; expected images x features")
    if len(rows) < least:
        raise UserError(f"{metric}: {len(rows)} images; expected at least {least}; make more")
    if not np.isfinite(rows).all():
        bad = np.flatnonzero(~np.isfinite(rows).all(1))
        raise UserError(f"{metric}: features of image {bad[0]} are not finite; extract them anew")
    return rows


def pair(
    generated: ArrayLike, reference: ArrayLike, metric: str, least: int
) -> tuple[Matrix, Matrix]:
    """Both sets checked; their features must come from one extractor."""
    x, y = matrix(generated, metric, least), matrix(reference, metric, least)
    if x.shape[1] != y.shape[1]:
        raise UserError(
            f"{metric}: {x.shape[1]} features against {y.shape[1]}; expected one extractor for both"
        )
    return x, y
