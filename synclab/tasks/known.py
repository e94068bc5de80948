"""Known regions of a task: a picture of which a part is given and the rest is generated."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import torch
import torch.nn.functional as F
from annotated_types import Interval
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from synclab.core.known import Known
from synclab.core.pictures import Pixels
from synclab.core.protocols import Method, Prior, Rng
from synclab.errors import UserError
from synclab.spaces.canvas import Canvas
from synclab.tasks.hole import extend, known_by_mask
from synclab.tasks.picture import check_shape, find_picture, read_file, resize_known
from synclab.tasks.task import CanvasTask

Border = Literal["open", "closed"]
"""What lies beyond the left and right borders of a canvas: nothing, or its other end."""


def check_keeps_known(method: Method, name: str) -> None:
    """Refuses a method that ignores known regions.

    Raises: UserError with the method's name in the configuration.
    """
    if not method.keeps_known:
        raise UserError(
            f"method={name}: does not keep known pixels; choose another, such as method=stochsync"
            " or synctweedies with its own method.strategy=2"
        )


@dataclass(frozen=True)
class KnownTask(CanvasTask):
    """A canvas of which a part may be given: `known`, a picture of the whole canvas.

    Its transparent pixels are unknown, and so are the white ones of a `known_mask`; black is a
    colour. Along the border of the known part, inside it, the given pixels fade into generated ones
    over `known_rim` of the picture's shorter side. A method keeps the given state; a latent one is
    decoded at the end, and then the given pixels are put into the finished picture.
    """

    known: str | None = None
    known_mask: str | None = None
    known_rim: Annotated[float, Interval(ge=0, le=0.5)] = 0.03

    def __post_init__(self) -> None:
        if self.known is None and self.known_mask is not None:
            raise UserError(
                f"task.known_mask={self.known_mask}: there is no picture that it belongs to;"
                " expected task.known=FILE as well"
            )
        self.known_files()

    def inputs(self) -> Mapping[str, Path]:
        return self.known_files()

    def known_files(self) -> dict[str, Path]:
        """The files of the known region, by key."""
        named = {"known": self.known, "known_mask": self.known_mask}
        return {k: find_picture(path, f"task.{k}") for k, path in named.items() if path is not None}

    def check(self, method: Method, name: str) -> None:
        """Refuses also methods that ignore known regions, and files that do not fit each other."""
        super().check(method, name)
        if self.known is not None:
            check_keeps_known(method, name)
            self.read()

    @property
    def border(self) -> Border:
        """Whether the left and right ends of the canvas meet ("closed")."""
        return "open"

    def own_canvas(self, prior: Prior, rng: Rng) -> Canvas:
        canvas = super().own_canvas(prior, rng)
        given = self.given(prior)
        if given is not None and self.canonical == "latent":
            given = self.in_latents(prior, given)
        canvas.known = given
        return canvas

    def in_latents(self, prior: Prior, given: Known) -> Known:
        """The given pixels in a latent state; unknown where no view sees the canvas."""
        state = self.encode(prior, extend(given.state, given.weight > 0))
        weight = least_of_blocks(given.weight, prior.image_size // prior.shape[1])
        canvas = self.canvas(prior, "latent")
        views = canvas.all_views()
        _, count = canvas.scatter(state.new_zeros(len(views), *prior.shape), views)
        return Known(state, weight * (count > 0))

    def image(self, prior: Prior, z: Tensor) -> Tensor:
        image = super().image(prior, z)
        given = None if self.canonical == "rgb" else self.given(prior)
        return image if given is None else given.put_into(image)

    def given(self, prior: Prior) -> Known | None:
        """The known region in pixels of the finished picture; None without a file."""
        if self.known is None:
            return None
        canvas = self.canvas(prior, "rgb")
        pixels, known = self.read()
        check_shape(pixels, canvas.height, canvas.width, f"task.known={self.known}")
        colour, seen = resize_known(pixels.colour, known, canvas.height, canvas.width)
        edge = soft_edge(seen, self.known_rim * min(canvas.height, canvas.width), self.border)
        return Known(colour.to(prior.device), edge.to(prior.device))

    def read(self) -> tuple[Pixels, Tensor]:
        """The picture at its own size, and its mask of known pixels (1, H, W).

        Raises: UserError for files that are no pictures or do not fit each other, or if nothing is
            known.
        """
        assert self.known is not None
        pixels = read_file(self.known, "task.known")
        known, place = pixels.known, f"task.known={self.known}"
        if self.known_mask is not None:
            place = f"task.known_mask={self.known_mask}"
            known = known & known_by_mask(
                read_file(self.known_mask, "task.known_mask"), pixels.size, place
            )
        if not known.any():
            raise UserError(
                f"{place}: no pixel is known; expected some that are opaque, and black in the mask"
            )
        return pixels, known


def soft_edge(known: Tensor, width: float, border: Border) -> Tensor:
    """Weights (1, H, W): 0 outside a mask (1, H, W), rising to 1 at `width` pixels inside it.

    The borders of the canvas are no edge of the mask.
    """
    pad = int(width) + 1
    rows = np.pad(known[0].cpu().numpy(), ((pad, pad), (0, 0)), mode="edge")
    around = np.pad(rows, ((0, 0), (pad, pad)), mode="wrap" if border == "closed" else "edge")
    inside = around if around.all() else np.asarray(distance_transform_edt(around)) / (width + 1)
    return torch.from_numpy(np.clip(inside, 0, 1)).float()[None, pad:-pad, pad:-pad]


def least_of_blocks(weight: Tensor, size: int) -> Tensor:
    """The least weight of each block of `size` x `size` pixels: (1, H, W) to (1, H/s, W/s)."""
    return -F.max_pool2d(-weight, size)
