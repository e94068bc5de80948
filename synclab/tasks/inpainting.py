"""The unknown part of an image, from a prompt."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from synclab.core.protocols import Canonical, Method, Prior
from synclab.errors import UserError
from synclab.spaces.canvas import Canvas
from synclab.spaces.inpainting import Inpainting
from synclab.tasks.image import ImageTask
from synclab.tasks.picture import find_picture, read_picture
from synclab.tasks.task import cells


@dataclass(frozen=True)
class InpaintingTask(ImageTask):
    """`picture` is resized to the prior's size; its black pixels are unknown (StochSync's code).

    With `codec="released"` they are encoded as black, as there.
    """

    picture: str = "synclab/assets/inpainting.png"

    def __post_init__(self) -> None:
        find_picture(self.picture, "task.picture")

    def check(self, method: Method, name: str) -> None:
        super().check(method, name)
        if method.canonical is not None:
            raise UserError(
                f"method={name}: its canonical state is noisy, where nothing known can be pinned;"
                " choose a method of clean estimates, such as method=stochsync or synctweedies"
            )

    def canvas(self, prior: Prior, canonical: Canonical) -> Canvas:
        cell = cells(prior, canonical)
        size = cell["view_size"]
        picture = read_picture(self.picture, "task.picture", prior.image_size, prior.image_size)
        picture = picture.to(prior.device)
        seen = picture.sum(0, keepdim=True) > 0
        if self.codec == "clean":
            picture = spread(picture, seen)
        mask = F.interpolate(seen.float()[None], size=size)[0] > 0.5
        known = picture if canonical == "rgb" else prior.encode(picture[None])[0]
        return Inpainting(**cell, height=size, width=size, known=known, mask=mask)


def spread(picture: Tensor, seen: Tensor) -> Tensor:
    """Unknown pixels in the colours around them: black ones would shine through the encoder.

    Means of the known pixels in windows from small to large; each fills what the last left open.
    """
    filled, known, size = picture * seen, seen.float(), picture.shape[-1]
    for reach in (size // 8, size // 2, size):
        total, count = (
            F.avg_pool2d(layer[None], 2 * reach + 1, 1, reach)[0] for layer in (filled, known)
        )
        filled = torch.where(known > 0, filled, total / count.clamp_min(1e-9))
        known = ((known > 0) | (count > 1e-9)).float()
    return filled
