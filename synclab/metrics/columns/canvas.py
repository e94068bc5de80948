"""Scores of a whole picture, averaged over prompts."""

from dataclasses import dataclass

from synclab.metrics.columns.base import OfCanvas


@dataclass(frozen=True, kw_only=True)
class SeamRatio(OfCanvas):
    better = "lower"


@dataclass(frozen=True, kw_only=True)
class Coherence(OfCanvas):
    """Intra-LPIPS and Intra-Style-L; a blank picture scores best, so read it with FID and CLIP."""

    better = "lower"


@dataclass(frozen=True, kw_only=True)
class Discontinuity(OfCanvas):
    better = "lower"


@dataclass(frozen=True, kw_only=True)
class Distance(OfCanvas):
    """From a picture that belongs to the sample, such as the source of an edit."""

    better = "lower"


@dataclass(frozen=True, kw_only=True)
class Similarity(OfCanvas):
    """To a text or picture that belongs to the sample."""


@dataclass(frozen=True, kw_only=True)
class Share(OfCanvas):
    """Part of the samples, from 0 to 1, that have a property."""
