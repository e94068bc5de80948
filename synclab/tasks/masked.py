"""Mask-based text-to-image: a background, what is in the mask, and the picture as a whole."""

from dataclasses import dataclass
from typing import Annotated

import torch
from annotated_types import Ge, MinLen
from torch import Tensor

from synclab.tasks.regions import RegionsTask


@dataclass(frozen=True)
class MaskedTask(RegionsTask):
    """A square image whose prompt is "background | region ... | overall".

    The layer of the overall text covers the others and is last, so `method=syncsde` is SyncSDE's
    form of three trajectories (Lee et al. 2025, arXiv 2503.21555, eq. 8 to 11): the region follows
    the background around it, the whole follows both. Other methods average the whole with them.
    """

    columns: Annotated[int, Ge(1)] = 1
    regions: Annotated[tuple[str, ...], MinLen(1)] = ("ellipse 0.25 0.4 0.75 0.95",)

    def weights(self, height: int, width: int) -> Tensor:
        """Weights (1 + regions + 1, height, width); those of the last layer are 1."""
        return torch.cat([super().weights(height, width), torch.ones(1, height, width)])

    @property
    def layers(self) -> int:
        return super().layers + 1

    @property
    def named_layers(self) -> str:
        return f"{len(self.regions)} regions and the whole"
