"""Depth conditioning, and the base class of priors that use it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import Ge, MultipleOf
from torch import Tensor

from synclab.core.protocols import Condition, Views
from synclab.priors.branches import Beside
from synclab.priors.latent import LatentPrior

Maps = Callable[[Views], Tensor]
"""Function from n views to their maps (n c h w)."""


@dataclass
class DepthPrior(LatentPrior):
    """Stable Diffusion conditioned on the depth of every view; subclasses choose how.

    Args:
        pixels: side of a view; the papers use larger views for meshes than the checkpoint's own.
    """

    needs: ClassVar[tuple[str, ...]] = ("depth",)

    pixels: Annotated[int, Ge(64), MultipleOf(64)] | None = None

    def load_denoiser(self) -> int:
        side = super().load_denoiser()
        return self.pixels // self.factor if self.pixels else side

    def with_depth(self, text: Condition, disparity: Maps) -> Beside:
        return Beside(text, lambda views: self.show(disparity(views)))

    def show(self, disparity: Tensor) -> Tensor:
        """Disparities (n 1 H W) of a set of views as network inputs (n c h w)."""
        raise NotImplementedError


def to_unit_range(values: Tensor) -> Tensor:
    """Rescales the range of all views together to [0, 1]; 0 if all values are equal."""
    low, high = values.aminmax()
    return (values - low) / (high - low).clamp_min(1e-7)
