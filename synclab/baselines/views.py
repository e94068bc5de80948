"""Outputs with rendered views of a textured mesh."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import Ge
from PIL import Image

from synclab.baselines.outputs import Output
from synclab.baselines.pictures import Made, describe, read_picture
from synclab.errors import UserError


@dataclass(frozen=True)
class Views:
    """Square views that the project rendered itself, joined side by side in one picture.

    They keep the project's cameras, lighting and background, so their scores reflect the renderer
    as well as the texture.

    Args:
        project: its name in the papers' tables.
        pictures: glob pattern of the views in an output's folder, sorted by name.
        every: uses the first of every so many views.
        count: required number of views after that.
    """

    project: str
    pictures: str
    every: Annotated[int, Ge(1)] = 1
    count: Annotated[int, Ge(1)] = 10
    prompt: ClassVar[str | None] = None
    task: ClassVar[str] = "mesh"

    def make(self, output: Output) -> Made:
        """The views from left to right."""
        paths = sorted(output.folder.glob(self.pictures))[:: self.every]
        if len(paths) != self.count:
            raise UserError(
                f"{output.folder}: {len(paths)} views by {self.pictures}; expected {self.count}"
            )
        images = [read_picture(path) for path in paths]
        sizes = {image.size for image in images}
        if len(sizes) > 1 or images[0].width != images[0].height:
            shown = ", ".join(f"{width} x {height}" for width, height in sorted(sizes))
            raise UserError(f"{output.folder}: views of {shown}; expected squares of one size")
        return Made(in_a_row(images), {"source": [describe(path) for path in paths]})


def in_a_row(images: list[Image.Image]) -> Image.Image:
    side = images[0].width
    row = Image.new("RGB", (side * len(images), side))
    for i, image in enumerate(images):
        row.paste(image, (side * i, 0))
    return row
