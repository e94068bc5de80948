"""Mask-based text-to-image: a background, what is in the mask, and the picture as a whole."""

from dataclasses import dataclass
from typing import Annotated

import torch
from annotated_types import Ge, MinLen
from torch import Tensor

from synclab.core.protocols import Condition, Prior, Sample
from synclab.tasks.regions import RegionsTask


@dataclass(frozen=True)
class MaskedTask(RegionsTask):
    """A square image whose prompt is "background | region ... | overall".

    The layer of the overall text covers the others and is last, so `method=syncsde` is SyncSDE's
    form of three trajectories (Lee et al. 2025, arXiv 2503.21555, eq. 8 to 11): the region follows
    the background around it, the whole follows both. Other methods average the whole with them.

    Args:
        whole: whether the overall text has a layer. Without it, background and regions are drawn
            as by `task=regions`: MultiDiffusion and SyncTweedies in SyncSDE's comparison.
    """

    columns: Annotated[int, Ge(1)] = 1
    regions: Annotated[tuple[str, ...], MinLen(1)] = ("ellipse 0.25 0.4 0.75 0.95",)
    whole: bool = True

    def weights(self, height: int, width: int) -> Tensor:
        """Weights (layers, height, width); those of the whole, the last, are 1."""
        parts = super().weights(height, width)
        return torch.cat([parts, torch.ones(1, height, width)]) if self.whole else parts

    def condition(self, prior: Prior, sample: Sample) -> Condition:
        texts = self.texts(sample.prompt)
        drawn = texts if self.whole or len(texts) == 1 else texts[:-1]
        return self.embed(prior, drawn)

    @property
    def layers(self) -> int:
        return super().layers + 1

    @property
    def named_layers(self) -> str:
        return f"{len(self.regions)} regions and the whole"
