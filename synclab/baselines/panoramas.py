"""Outputs with one 360-degree panorama each, whole or a band around the horizon."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import Interval
from PIL import Image

from synclab.baselines.outputs import Output
from synclab.baselines.pictures import Made, describe, read_picture
from synclab.errors import UserError

LEVEL_VIEW = 36.0
"""Degrees above and below the horizon that the papers' views of 72 degrees see."""


@dataclass(frozen=True)
class Panoramas:
    """Equirectangular pictures whose left and right borders meet.

    Args:
        project: its name in the papers' tables.
        picture: file name of the panorama in an output's folder.
        prompt: file name of its prompt; None if a manifest is required.
        latitude: degrees covered above and below the horizon; 90 is the whole sphere.
    """

    project: str
    picture: str
    prompt: str | None
    latitude: Annotated[float, Interval(gt=0, le=90)]
    task: ClassVar[str] = "panorama"

    def make(self, output: Output) -> Made:
        """The picture on a full 2:1 canvas, black outside its latitudes.

        Views are cut later by the same projector as ours. The project's azimuth 0 is kept: shifting
        it would only rotate the scene and move the border.
        """
        path = output.folder / self.picture
        band = read_picture(path)
        covered = 180 * band.height / band.width
        if abs(covered - self.latitude) > 0.5:
            raise UserError(
                f"{path}: {band.width} x {band.height} covers {covered:.1f} degrees above and below"
                f" the horizon; expected {self.latitude:g} for {self.project}"
            )
        if covered < LEVEL_VIEW:
            raise UserError(
                f"{path}: covers {covered:.1f} degrees above and below the horizon; the scored"
                f" views need {LEVEL_VIEW:g}"
            )
        return Made(whole(band), {"source": describe(path), "latitude": round(covered, 2)})


def whole(band: Image.Image) -> Image.Image:
    """Pastes a band around the horizon onto a canvas of all latitudes."""
    canvas = Image.new("RGB", (band.width, band.width // 2))
    canvas.paste(band, (0, (canvas.height - band.height) // 2))
    return canvas
