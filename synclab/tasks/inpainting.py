"""The unknown part of an image, from a prompt."""

from dataclasses import dataclass
from typing import Any

import torch.nn.functional as F

from synclab.errors import UserError
from synclab.spaces.inpainting import Inpainting
from synclab.tasks.image import ImageTask
from synclab.tasks.picture import find_picture, read_picture
from synclab.tasks.task import Canonical, cells
from synclab.types import Space


@dataclass(frozen=True)
class InpaintingTask(ImageTask):
    """`picture` is resized to the prior's size; its black pixels are unknown (StochSync's code)."""

    picture: str = "synclab/assets/inpainting.png"

    def __post_init__(self) -> None:
        find_picture(self.picture, "task.picture")

    def check(self, method: Any, name: str) -> None:
        super().check(method, name)
        if getattr(method, "canonical", None) is not None:
            raise UserError(
                f"method={name}: its canonical state is noisy, where nothing known can be pinned;"
                " choose a method of clean estimates, such as method=stochsync or synctweedies"
            )

    def canvas(self, prior: Any, canonical: Canonical) -> Space:
        cell = cells(prior, canonical)
        size = cell["view_size"]
        picture = read_picture(self.picture, "task.picture", prior.image_size, prior.image_size)
        picture = picture.to(prior.device)
        mask = F.interpolate((picture.sum(0) > 0).float()[None, None], size=size)[0] > 0.5
        known = picture if canonical == "rgb" else prior.encode(picture[None])[0]
        return Inpainting(**cell, height=size, width=size, known=known, mask=mask)
