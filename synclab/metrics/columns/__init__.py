"""The metrics of a protocol: which features each reads, and its standard error over prompts.

A column names its features as "extractor.output". Values and errors are already multiplied by
`scale`.
"""

from synclab.metrics.columns.base import Metric, OfCanvas, OfPrompts, OfSets
from synclab.metrics.columns.canvas import (
    Coherence,
    Discontinuity,
    Distance,
    SeamRatio,
    Share,
    Similarity,
)
from synclab.metrics.columns.motion import (
    AreaUnderJerk,
    FootSkate,
    PeakJerk,
    RPrecision,
    TransitionDistance,
)
from synclab.metrics.columns.sets import (
    CMMD,
    FID,
    KID,
    FIDInfinity,
    InceptionScore,
    OmniFID,
    PromptKID,
    SubsetKID,
)
from synclab.metrics.columns.views import (
    BRISQUE,
    GIQA,
    ClipScore,
    Precision,
    Recall,
    ViewClipScore,
)

__all__ = [
    "AreaUnderJerk",
    "BRISQUE",
    "FootSkate",
    "PeakJerk",
    "RPrecision",
    "TransitionDistance",
    "CMMD",
    "ClipScore",
    "Coherence",
    "Discontinuity",
    "Distance",
    "FID",
    "FIDInfinity",
    "GIQA",
    "InceptionScore",
    "KID",
    "Metric",
    "OfCanvas",
    "OfPrompts",
    "OfSets",
    "OmniFID",
    "Precision",
    "PromptKID",
    "Recall",
    "SeamRatio",
    "Share",
    "Similarity",
    "SubsetKID",
    "ViewClipScore",
]
