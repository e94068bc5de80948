"""A panorama around a photo: image to 360 degrees."""

from dataclasses import dataclass
from typing import Annotated

import torch
import torch.nn.functional as F
from annotated_types import Interval
from torch import Tensor

from synclab.core.known import Known
from synclab.core.protocols import Prior
from synclab.errors import UserError
from synclab.spaces.photo import paint, pixels_across, square_fov
from synclab.tasks.hole import extend
from synclab.tasks.known import Border, KnownTask, soft_edge
from synclab.tasks.picture import resize_known

Turn = Annotated[float, Interval(ge=-360, le=360)]
Tilt = Annotated[float, Interval(ge=-90, le=90)]
Fov = Annotated[float, Interval(ge=1, le=170)]


@dataclass(frozen=True)
class PhotoTask(KnownTask):
    """An equirectangular canvas; with a `known_view`, `known` is a photo taken in it.

    `known_view` is (azimuth, elevation, horizontal field of view) in degrees: the direction that
    the photo's centre looks in, and the angle between its left and right borders. What the photo
    does not show is unknown.
    """

    known_view: tuple[Turn, Tilt, Fov] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.known_view is not None and self.known is None:
            raise UserError(
                f"task.known_view={list(self.known_view)}: there is no photo to look at from"
                " there; expected task.known=FILE as well"
            )

    @property
    def border(self) -> Border:
        return "closed"

    def given(self, prior: Prior) -> Known | None:
        if self.known_view is None:
            return super().given(prior)
        canvas = self.canvas(prior, "rgb")
        photo, fov = self.photo(canvas.width)
        layers, seen = paint(photo, self.known_view[:2], fov, canvas.height, canvas.width)
        return Known(layers[:3].to(prior.device), (layers[3:] * seen).to(prior.device))

    def photo(self, width: int) -> tuple[Tensor, float]:
        """The photo's colours and weights (4, s, s) in the smallest square around it, and the
        field of view of that square; not finer than a canvas of this width.
        """
        assert self.known_view is not None
        pixels, known = self.read()
        fov = square_fov(self.known_view[2], *pixels.size)
        if not fov <= 170:
            raise UserError(
                f"task.known_view={list(self.known_view)}: the photo of {pixels.size[0]} x"
                f" {pixels.size[1]} pixels is {fov:.0f} degrees high; expected at most 170"
            )
        scale = min(1.0, pixels_across(fov, width) / max(pixels.size))
        across, down = (max(1, round(side * scale)) for side in pixels.size)
        colour, seen = resize_known(pixels.colour, known, down, across)
        edge = soft_edge(F.pad(seen, [1] * 4), self.known_rim * min(across, down), "open")
        layers = torch.cat([extend(colour, seen), edge[:, 1:-1, 1:-1]])
        return squared(layers), fov


def squared(image: Tensor) -> Tensor:
    """Extends (c, h, w) evenly to a square, whose new pixels are 0."""
    height, width = image.shape[1:]
    size = max(height, width)
    top, left = (size - height) // 2, (size - width) // 2
    return F.pad(image, [left, size - width - left, top, size - height - top])
