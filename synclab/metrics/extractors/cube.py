"""The faces of the cube around a panorama, and the extractors that see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from synclab.metrics.extractors import Cut, Outputs
from synclab.metrics.extractors.inception import CleanInception
from synclab.metrics.extractors.judge import JudgeFeatures

if TYPE_CHECKING:
    from torch import Tensor

SIDES = [(azimuth, 0.0) for azimuth in (0.0, 90.0, 180.0, 270.0)]
FACES = {"up": [(0.0, 90.0)], "down": [(0.0, -90.0)], "sides": SIDES}
"""(azimuth, elevation) in degrees of the faces; those of a group are pooled (2407.18207)."""


def faces(picture: Tensor, size: int) -> Tensor:
    """All six faces (6, 3, size, size) of a panorama (3, H, 2H), in the order of `FACES`."""
    from synclab.metrics.views import look

    return look(picture, size, 90.0, [view for group in FACES.values() for view in group])


def grouped(features: np.ndarray) -> Outputs:
    """Features (6, d) of all faces, by group."""
    ends = np.cumsum([len(group) for group in FACES.values()])[:-1]
    return dict(zip(FACES, np.split(features, ends), strict=True))


class JudgeFaces(JudgeFeatures):
    """`up` (1, d), `down` (1, d) and `sides` (4, d): the judge's features of 128-pixel faces."""

    name = "judge_2_faces"

    def __call__(self, cut: Cut) -> Outputs:
        seen = Cut(cut.picture, faces(cut.picture, 128), cut.prompt)
        return grouped(super().__call__(seen)["features"])


class InceptionFaces(CleanInception):
    """`up` (1, 2048), `down` (1, 2048) and `sides` (4, 2048): Inception's of 512-pixel faces."""

    name = "inception_clean_faces"

    def __call__(self, cut: Cut) -> Outputs:
        seen = Cut(cut.picture, faces(cut.picture, 512), cut.prompt)
        return grouped(super().__call__(seen)["features"])
