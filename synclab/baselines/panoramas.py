"""Outputs with one 360-degree panorama each, whole or a band around the horizon."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import Interval
from PIL import Image

from synclab.baselines.outputs import Output
from synclab.baselines.pictures import Made, describe, read_picture
from synclab.errors import UserError

LEVEL_VIEW = 36.0
"""Degrees above and below the horizon that the papers' views, 72 degrees wide, look at."""


@dataclass(frozen=True)
class Panoramas:
    """Equirectangular pictures that close at their left and right borders.

    Args:
        project: how the papers' tables call it.
        picture: name of the panorama in an output's folder.
        prompt: name of the file with its prompt there; None where a manifest must tell.
        latitude: degrees that it covers above and below the horizon; 90 is all.
    """

    project: str
    picture: str
    prompt: str | None
    latitude: Annotated[float, Interval(gt=0, le=90)]
    task: ClassVar[str] = "panorama"

    def make(self, output: Output) -> Made:
        """The picture on a full 2:1 canvas, black where it does not reach.

        All views of it are cut later by the projector that cuts ours. Where the project puts
        azimuth 0 is left as it is: that turns the world, and keeps the border where it was.
        """
        path = output.folder / self.picture
        band = read_picture(path)
        covered = 180 * band.height / band.width
        if abs(covered - self.latitude) > 0.5:
            raise UserError(
                f"{path}: {band.width} x {band.height} covers {covered:.1f} degrees above and below"
                f" the horizon; expected {self.latitude:g} of {self.project}"
            )
        if covered < LEVEL_VIEW:
            raise UserError(
                f"{path}: covers {covered:.1f} degrees above and below the horizon; the views that"
                f" are scored look at {LEVEL_VIEW:g}"
            )
        return Made(whole(band), {"source": describe(path), "latitude": round(covered, 2)})


def whole(band: Image.Image) -> Image.Image:
    """A band around the horizon on a canvas of all latitudes."""
    canvas = Image.new("RGB", (band.width, band.width // 2))
    canvas.paste(band, (0, (canvas.height - band.height) // 2))
    return canvas
