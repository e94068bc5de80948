"""A plain square image from a prompt: what the prior makes on its own."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from synclab.core.protocols import Space
from synclab.spaces.image import Image
from synclab.tasks.task import Canonical, Task, cells


@dataclass(frozen=True)
class ImageTask(Task):
    """One view that is the whole canvas."""

    canonical: Canonical = "latent"

    def canvas(self, prior: Any, canonical: Canonical) -> Space:
        cell = cells(prior, canonical)
        return Image(**cell, height=cell["view_size"], width=cell["view_size"])

    def decode(self, prior: Any, z: Tensor) -> Tensor:
        return prior.decode(z[None])[0]
