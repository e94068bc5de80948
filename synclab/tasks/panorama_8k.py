"""Upsampling of a finished panorama to twice its size: denoises narrow views from mid-schedule.

Yeo et al. 2025, App. F, "High Resolution Panorama Generation"; 4096x8192 with 512 px views.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Interval

from synclab.core.protocols import Method, Prior, Rng, Sample, Space
from synclab.core.sync import pin
from synclab.errors import UserError
from synclab.spaces.view_sets import Cover
from synclab.tasks.panorama import PanoramaTask
from synclab.tasks.picture import find_picture, picture_of, read_opaque


@dataclass(frozen=True)
class Panorama8KTask(PanoramaTask):
    """`start` is a finished panorama, or a folder of `<sample id>.png`, such as a run's folder."""

    fov: Annotated[float, Interval(ge=5, lt=180)] = 36.0
    rows: Annotated[int, Ge(1)] = 8
    cover: Cover = "checkerboard"
    start: str = "results/tiny/panorama/stochsync"

    def check(self, method: Method, name: str) -> None:
        super().check(method, name)
        if self.canonical == "latent" or method.canonical == "latent":
            raise UserError(
                f"method={name}, task.canonical={self.canonical}: this task starts from an image;"
                " expected a clean RGB state; use method=stochsync task.canonical=rgb"
            )

    def inputs(self) -> Mapping[str, Path]:
        """The panorama that all samples start from, or the folder of panoramas if it exists."""
        start, known = Path(self.start).expanduser(), super().inputs()
        if start.suffix:
            return {**known, "start": find_picture(self.start, "task.start")}
        return {**known, "start": start} if start.is_dir() else known

    def space(self, prior: Prior, rng: Rng, sample: Sample) -> Space:
        canvas = self.own_canvas(prior, rng)
        picture = read_opaque(self.find(sample), "task.start", canvas.height, canvas.width)
        canvas.initial = pin(canvas, picture.to(prior.device))
        return canvas

    def find(self, sample: Sample) -> str:
        """Path of the panorama that a sample starts from."""
        if Path(self.start).suffix:
            return self.start
        remedy = (
            "make it first with the same prompt and task=panorama, or both at once:"
            " -m task=panorama,panorama_8k"
        )
        return picture_of(self.start, sample, remedy)
