"""Scores of single views, averaged over those of a prompt and over prompts."""

from dataclasses import dataclass

import numpy as np

from synclab.core.protocols import Count
from synclab.metrics.columns.base import OfPrompts
from synclab.metrics.features import Measured
from synclab.metrics.formulas.clip_score import similarity
from synclab.metrics.formulas.giqa import giqa
from synclab.metrics.formulas.matrices import Matrix
from synclab.metrics.formulas.precision_recall import covered


@dataclass(frozen=True, kw_only=True)
class GIQA(OfPrompts):
    scale = 1000
    k: Count

    def values(self, generated: Measured, reference: Measured) -> Matrix:
        return giqa(generated.matrix(self.of), reference.matrix(self.of), self.k)


@dataclass(frozen=True, kw_only=True)
class Precision(OfPrompts):
    k: Count = 3

    def values(self, generated: Measured, reference: Measured) -> Matrix:
        return covered(generated.matrix(self.of), reference.matrix(self.of), self.k)


@dataclass(frozen=True, kw_only=True)
class Recall(OfPrompts):
    k: Count = 3

    def subject(self, generated: Measured, reference: Measured) -> Measured:
        return reference

    def values(self, generated: Measured, reference: Measured) -> Matrix:
        return covered(reference.matrix(self.of), generated.matrix(self.of), self.k)


@dataclass(frozen=True, kw_only=True)
class BRISQUE(OfPrompts):
    """0 to 100 for most pictures; it needs no reference."""

    better = "lower"

    def values(self, generated: Measured, reference: Measured) -> Matrix:
        return generated.matrix(self.of)[:, 0]


@dataclass(frozen=True, kw_only=True)
class ClipScore(OfPrompts):
    """Similarity of views to their prompt; `text` names the prompts' embeddings."""

    text: str

    def values(self, generated: Measured, reference: Measured) -> Matrix:
        pairs = zip(generated.parts(self.of), generated.parts(self.text), strict=True)
        return np.concatenate([similarity(image, text)[:, 0] for image, text in pairs])


@dataclass(frozen=True, kw_only=True)
class ViewClipScore(ClipScore):
    """Similarity of every view to its own text."""

    def values(self, generated: Measured, reference: Measured) -> Matrix:
        pairs = zip(generated.parts(self.of), generated.parts(self.text), strict=True)
        return np.concatenate([similarity(image, text).diagonal() for image, text in pairs])
