"""Distances of two sets of views, and the Inception Score of one."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge

from synclab.core.protocols import Count
from synclab.errors import UserError
from synclab.metrics.columns.base import OfSets
from synclab.metrics.extractors.cube import FACES
from synclab.metrics.features import Measured
from synclab.metrics.formulas.cmmd import embedding_discrepancy
from synclab.metrics.formulas.fid import frechet_distance, frechet_distance_infinity
from synclab.metrics.formulas.inception_score import SEED, inception_score
from synclab.metrics.formulas.kid import (
    kernel_distance,
    kernel_distance_of_prompts,
    kernel_distance_of_subsets,
)


@dataclass(frozen=True, kw_only=True)
class FID(OfSets):
    """Frechet distance; of features that keep positions it is sFID (2103.03841)."""

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
class CMMD(OfSets):
    better, scale = "lower", 1000

    def value(self, generated: Measured, reference: Measured) -> float:
        return embedding_discrepancy(*self.matrices(generated, reference))


@dataclass(frozen=True, kw_only=True)
class OmniFID(OfSets):
    """Mean FID over up, down and the four sides pooled (2407.18207); `of` names the extractor.

    Refuses panoramas whose methods left the poles out.
    """

    better = "lower"
    per_view = False

    def value(self, generated: Measured, reference: Measured) -> float:
        check_poles(generated)
        sets = [
            [own.matrix(f"{self.of}.{face}") for face in FACES] for own in (generated, reference)
        ]
        return float(np.mean([frechet_distance(x, y) for x, y in zip(*sets, strict=True)]))


def check_poles(measured: Measured) -> None:
    """Raises a UserError if a picture's row says that it does not show the poles."""
    for picture in measured.pictures:
        if picture.row.get("config", {}).get("task", {}).get("cover") == "ring":
            raise UserError(
                f"omnifid: {picture.id} has task.cover=ring, so its poles were never painted;"
                " expected whole spheres; run again with task.cover=sphere task.fov=90"
            )
        if (latitude := picture.row.get("latitude", 90)) < 90:
            raise UserError(
                f"omnifid: {picture.id} was imported with {latitude:g} degrees above and below the"
                " horizon; expected whole spheres"
            )


@dataclass(frozen=True, kw_only=True)
class InceptionScore(OfSets):
    splits: Count = 1
    seed: int = SEED

    def value(self, generated: Measured, reference: Measured) -> float:
        return inception_score(generated.matrix(self.of), self.splits, self.seed)
