"""The metrics of a protocol: which features each reads, and its standard error over prompts.

A column names its features as "extractor.output". Values and errors are already multiplied by
`scale`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge

from synclab.core.protocols import Count
from synclab.metrics.features import Measured
from synclab.metrics.formulas.clip_score import similarity
from synclab.metrics.formulas.fid import frechet_distance, frechet_distance_infinity
from synclab.metrics.formulas.giqa import giqa
from synclab.metrics.formulas.inception_score import SEED, inception_score
from synclab.metrics.formulas.jackknife import Estimate, Groups
from synclab.metrics.formulas.kid import (
    kernel_distance,
    kernel_distance_of_prompts,
    kernel_distance_of_subsets,
)
from synclab.metrics.formulas.matrices import Matrix
from synclab.metrics.formulas.precision_recall import covered


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric of generated pictures, usually against reference pictures."""

    of: str
    better: ClassVar[Literal["lower", "higher"]] = "higher"
    scale: ClassVar[float] = 1
    per_view: ClassVar[bool] = True
    """Whether it scores views, which a reference set has too, rather than a whole canvas."""

    def estimate(self, generated: Measured, reference: Measured, groups: Groups) -> Estimate:
        raise NotImplementedError


class OfSets(Metric):
    """A distance of two sets; the jackknife leaves prompts out of both."""

    def estimate(self, generated: Measured, reference: Measured, groups: Groups) -> Estimate:
        def value(left_out: frozenset[str]) -> float:
            sets = [measured.without(left_out) for measured in (generated, reference)]
            return self.scale * self.value(*sets)

        return Estimate.of(value, groups)

    def value(self, generated: Measured, reference: Measured) -> float:
        raise NotImplementedError

    def matrices(self, *sets: Measured) -> list[np.ndarray]:
        return [measured.matrix(self.of) for measured in sets]

    def owners(self, *sets: Measured) -> tuple[list[str], list[str]]:
        """The prompt of every row of the matrices."""
        own, other = (measured.owners(self.of) for measured in sets)
        return own, other


@dataclass(frozen=True, kw_only=True)
class FID(OfSets):
    better = "lower"

    def value(self, generated: Measured, reference: Measured) -> float:
        return frechet_distance(*self.matrices(generated, reference))


@dataclass(frozen=True, kw_only=True)
class FIDInfinity(OfSets):
    better = "lower"
    seed: int = 0

    def value(self, generated: Measured, reference: Measured) -> float:
        x, y = self.matrices(generated, reference)
        return frechet_distance_infinity(x, y, *self.owners(generated, reference), self.seed)


@dataclass(frozen=True, kw_only=True)
class KID(OfSets):
    better, scale = "lower", 1000

    def value(self, generated: Measured, reference: Measured) -> float:
        return kernel_distance(*self.matrices(generated, reference))


@dataclass(frozen=True, kw_only=True)
class PromptKID(OfSets):
    better, scale = "lower", 1000

    def value(self, generated: Measured, reference: Measured) -> float:
        x, y = self.matrices(generated, reference)
        return kernel_distance_of_prompts(x, y, *self.owners(generated, reference))


@dataclass(frozen=True, kw_only=True)
class SubsetKID(OfSets):
    better, scale = "lower", 1000
    subsets: Count = 100
    size: Annotated[int, Ge(2)] = 1000
    seed: int = 0

    def value(self, generated: Measured, reference: Measured) -> float:
        x, y = self.matrices(generated, reference)
        return kernel_distance_of_subsets(x, y, self.subsets, self.size, self.seed)


@dataclass(frozen=True, kw_only=True)
class InceptionScore(OfSets):
    splits: Count = 1
    seed: int = SEED

    def value(self, generated: Measured, reference: Measured) -> float:
        return inception_score(generated.matrix(self.of), self.splits, self.seed)


class OfPrompts(Metric):
    """A mean over prompts of the mean over a prompt's views; the other set is never reduced."""

    def estimate(self, generated: Measured, reference: Measured, groups: Groups) -> Estimate:
        subject = self.subject(generated, reference)
        values = by_prompt(self.values(generated, reference), subject.owners(self.of))

        def mean(left_out: frozenset[str]) -> float:
            return self.scale * float(np.mean([v for p, v in values.items() if p not in left_out]))

        return Estimate.of(mean, groups)

    def subject(self, generated: Measured, reference: Measured) -> Measured:
        """The set whose views are scored."""
        return generated

    def values(self, generated: Measured, reference: Measured) -> Matrix:
        """A value for every view of the subject: (n,)."""
        raise NotImplementedError


def by_prompt(values: Matrix, prompts: Sequence[str]) -> dict[str, float]:
    """The mean value of each prompt's views."""
    owners = np.array(prompts)
    return {prompt: float(values[owners == prompt].mean()) for prompt in sorted(set(prompts))}


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


class OfCanvas(OfPrompts):
    """A value that an extractor computes for the whole picture."""

    per_view = False

    def values(self, generated: Measured, reference: Measured) -> Matrix:
        return generated.matrix(self.of)[:, 0]


@dataclass(frozen=True, kw_only=True)
class SeamRatio(OfCanvas):
    better = "lower"


@dataclass(frozen=True, kw_only=True)
class Coherence(OfCanvas):
    """Intra-LPIPS and Intra-Style-L; a blank picture scores best, so read it with FID and CLIP."""

    better = "lower"


@dataclass(frozen=True, kw_only=True)
class Distance(OfCanvas):
    """From a picture that belongs to the sample, such as the source of an edit."""

    better = "lower"


@dataclass(frozen=True, kw_only=True)
class Similarity(OfCanvas):
    """To a text or picture that belongs to the sample."""
