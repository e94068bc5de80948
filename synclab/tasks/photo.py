"""A panorama around a photo: image to 360 degrees."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from synclab.core.known import Known
from synclab.core.protocols import Prior
from synclab.errors import UserError
from synclab.spaces.photo import paint, pixels_across, square_fov
from synclab.tasks.hole import extend
from synclab.tasks.known import Border, KnownTask, soft_edge
from synclab.tasks.picture import resize_known

WIDEST = 170.0
"""Largest field of view of a photo, in degrees, along either side."""


@dataclass(frozen=True)
class PhotoTask(KnownTask):
    """An equirectangular canvas; with a `known_view`, `known` is a photo taken in it.

    `known_view` is (azimuth, elevation, horizontal field of view) in degrees: the direction that
    the photo's centre looks in, and the angle between its left and right borders. What the photo
    does not show is unknown.
    """

    known_view: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.known_view is not None:
            self.check_known_view(self.known_view)

    def check_known_view(self, view: tuple[float, ...]) -> None:
        """Refuses values that are no view of a photo, and a view without a photo."""
        place = f"task.known_view={[round(value, 2) for value in view]}"
        if len(view) != 3:
            raise UserError(
                f"{place}: expected [azimuth, elevation, field of view] in degrees, such as"
                " [0,0,60]"
            )
        if not (abs(view[1]) <= 90 and 1 <= view[2] <= WIDEST):
            raise UserError(
                f"{place}: expected an elevation from -90 to 90 and a field of view from 1 to"
                f" {WIDEST:.0f} degrees"
            )
        if self.known is None:
            raise UserError(f"{place}: there is no photo; expected task.known=FILE as well")

    @property
    def border(self) -> Border:
        return "closed"

    def given(self, prior: Prior) -> Known | None:
        if self.known_view is None:
            return super().given(prior)
        canvas = self.canvas(prior, "rgb")
        photo, fov = self.photo(self.known_view[2], canvas.width)
        layers, seen = paint(photo, self.known_view[:2], fov, canvas.height, canvas.width)
        return Known(layers[:3].to(prior.device), (layers[3:] * seen).to(prior.device))

    def photo(self, fov: float, width: int) -> tuple[Tensor, float]:
        """The photo's colours and weights (4, s, s) in the smallest square around it, and the
        field of view of that square.

        Args:
            fov: horizontal, of the photo.
            width: of the canvas in texels; the result is not finer than they are.
        """
        pixels, known = self.read()
        square = square_fov(fov, *pixels.size)
        if square > WIDEST:
            raise UserError(
                f"task.known={self.known}: at a field of view of {fov:.0f} degrees this photo of"
                f" {pixels.size[0]} x {pixels.size[1]} pixels is {square:.0f} degrees high;"
                f" expected at most {WIDEST:.0f}; use a smaller one in task.known_view"
            )
        scale = min(1.0, pixels_across(square, width) / max(pixels.size))
        across, down = (max(1, round(side * scale)) for side in pixels.size)
        colour, seen = resize_known(pixels.colour, known, down, across)
        edge = soft_edge(F.pad(seen, [1] * 4), self.known_rim * min(across, down), "open")
        layers = torch.cat([extend(colour, seen), edge[:, 1:-1, 1:-1]])
        return squared(layers), square


def squared(image: Tensor) -> Tensor:
    """Extends (c, h, w) evenly to a square, whose new pixels are 0."""
    height, width = image.shape[1:]
    size = max(height, width)
    top, left = (size - height) // 2, (size - width) // 2
    return F.pad(image, [left, size - width - left, top, size - height - top])
