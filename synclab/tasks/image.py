"""A plain square image from a prompt: the prior without synchronisation."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from synclab.core.protocols import Canonical, Prior
from synclab.spaces.canvas import Canvas
from synclab.spaces.image import Image
from synclab.tasks.task import CanvasTask, cells


@dataclass(frozen=True)
class ImageTask(CanvasTask):
    """One view that is the whole canvas."""

    overlaps: ClassVar[bool] = True

    canonical: Canonical = "latent"

    def canvas(self, prior: Prior, canonical: Canonical) -> Canvas:
        cell = cells(prior, canonical)
        return Image(**cell, height=cell["view_size"], width=cell["view_size"])

    def encode(self, prior: Prior, image: Tensor) -> Tensor:
        return prior.encode(image[None])[0]

    def decode(self, prior: Prior, z: Tensor) -> Tensor:
        return prior.decode(z[None])[0]
