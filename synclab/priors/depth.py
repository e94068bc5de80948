"""Views whose depth is known: the condition, and what its priors share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from annotated_types import Ge, MultipleOf
from torch import Tensor

from synclab.core.protocols import Cond, Views
from synclab.priors.latent import LatentPrior
from synclab.priors.text import Text

Maps = Callable[[Views], Tensor]
"""From n views to maps of them, (n c h w)."""


@dataclass(frozen=True)
class TextAndDepth(Text):
    """Prompt embeddings of n views, and their depth (n c h w) as the network is shown it."""

    shown: Tensor


@dataclass(frozen=True)
class Depth:
    """A prompt, or one for each view, and the depth of any views as the network is shown it."""

    text: Any
    show: Maps

    def at(self, views: Views) -> TextAndDepth:
        text = self.text.at(views)
        return TextAndDepth(text.positive, text.negative, self.show(views))


@dataclass
class DepthPrior(LatentPrior):
    """Stable Diffusion that is shown the depth of every view, in one way or another.

    Args:
        pixels: side of a view; the papers' meshes have larger ones than the checkpoint's own.
    """

    needs: ClassVar[tuple[str, ...]] = ("depth",)

    pixels: Annotated[int, Ge(64), MultipleOf(64)] | None = None

    def load_denoiser(self) -> int:
        side = super().load_denoiser()
        return self.pixels // self.factor if self.pixels else side

    def with_depth(self, text: Cond, disparity: Maps) -> Depth:
        return Depth(text, lambda views: self.show(disparity(views)))

    def show(self, disparity: Tensor) -> Tensor:
        """Disparities (n 1 H W) of a set of views as the network wants them (n c h w)."""
        raise NotImplementedError

    def branches(self, cond: TextAndDepth) -> tuple[list[Tensor], list[Tensor]]:
        return [cond.negative, cond.shown], [cond.positive, cond.shown]


def to_unit_range(values: Tensor) -> Tensor:
    """Smallest to 0 and largest to 1, over all views; 0 where all are equal."""
    low, high = values.aminmax()
    return (values - low) / (high - low).clamp_min(1e-7)
