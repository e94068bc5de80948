"""Completion of the unknown region of an image, from a prompt."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from synclab.core.known import Known
from synclab.core.protocols import Method, Prior, Rng
from synclab.spaces.canvas import Canvas
from synclab.tasks.hole import blocks_known, known_by_colour, known_by_mask, spread
from synclab.tasks.image import ImageTask
from synclab.tasks.known import check_keeps_known
from synclab.tasks.picture import check_shape, find_picture, read_file, resize_known


@dataclass(frozen=True)
class InpaintingTask(ImageTask):
    """`picture` is a square; its transparent and black pixels are unknown (StochSync's code).

    With a `mask`, the unknown pixels are the mask's white ones and the picture's transparent ones;
    black is then a colour. Picture and mask are resized separately to the prior's resolution.

    With `codec="released"` unknown pixels are encoded as black, as in StochSync's code.
    """

    picture: str = "synclab/assets/inpainting.png"
    mask: str | None = None

    def __post_init__(self) -> None:
        find_picture(self.picture, "task.picture")
        if self.mask is not None:
            find_picture(self.mask, "task.mask")

    def inputs(self) -> Mapping[str, Path]:
        named = {"picture": self.picture, "mask": self.mask}
        return {k: find_picture(path, f"task.{k}") for k, path in named.items() if path is not None}

    def check(self, method: Method, name: str) -> None:
        super().check(method, name)
        check_keeps_known(method, name)

    def own_canvas(self, prior: Prior, rng: Rng) -> Canvas:
        picture, seen = (part.to(prior.device) for part in self.measure(prior.image_size))
        if self.codec == "clean":
            picture = spread(picture, seen)
        if self.canonical == "latent":
            picture, seen = self.encode(prior, picture), blocks_known(seen, prior.shape[1])
        canvas = super().own_canvas(prior, rng)
        canvas.known = Known(picture, seen.to(picture))
        return canvas

    def measure(self, size: int) -> tuple[Tensor, Tensor]:
        """The known colours (3, size, size), and the mask (1, size, size) of known pixels."""
        pixels = read_file(self.picture, "task.picture")
        check_shape(pixels, size, size, f"task.picture={self.picture}")
        if self.mask is None:
            known = known_by_colour(pixels)
        else:
            mask = read_file(self.mask, "task.mask")
            known = pixels.known & known_by_mask(mask, pixels.size, f"task.mask={self.mask}")
        return resize_known(pixels.colour, known, size, size)
