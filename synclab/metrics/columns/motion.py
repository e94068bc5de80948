"""Scores of motions: whether they do what is asked, and how smooth their passages are."""

from dataclasses import dataclass

from synclab.core.protocols import Count
from synclab.metrics.columns.base import OfCanvas, OfPrompts, OfSets
from synclab.metrics.features import Measured
from synclab.metrics.formulas.matrices import Matrix
from synclab.metrics.formulas.motion import area_under_jerk, peak_jerk


@dataclass(frozen=True, kw_only=True)
class RPrecision(OfPrompts):
    """Per cent of segments whose own text is among the `top` nearest, of one text for each kind."""

    scale = 100
    top: Count = 1

    def values(self, generated: Measured, reference: Measured) -> Matrix:
        return (generated.matrix(self.of)[:, 0] < self.top).astype(float)


@dataclass(frozen=True, kw_only=True)
class PeakJerk(OfSets):
    """In millimetres per frame cubed."""

    better, scale = "lower", 1000
    per_view = False

    def value(self, generated: Measured, reference: Measured) -> float:
        return peak_jerk(generated.matrix(self.of))


@dataclass(frozen=True, kw_only=True)
class AreaUnderJerk(OfSets):
    """In millimetres per frame cubed, summed over frames."""

    better, scale = "lower", 1000
    per_view = False

    def value(self, generated: Measured, reference: Measured) -> float:
        return area_under_jerk(*self.matrices(generated, reference))


@dataclass(frozen=True, kw_only=True)
class TransitionDistance(OfCanvas):
    """In centimetres, mean over passages."""

    better, scale = "lower", 100


@dataclass(frozen=True, kw_only=True)
class FootSkate(OfCanvas):
    """In per cent of frames."""

    better, scale = "lower", 100
