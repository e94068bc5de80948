"""A zoom into a scene from one prompt, or one for each level (Wang et al. 2024)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Interval
from torch import Tensor

from synclab.core.protocols import Canonical, Method, Prior
from synclab.errors import UserError
from synclab.spaces.canvas import Canvas
from synclab.spaces.zoom import Sampling, Zoom, reach, side_by_side
from synclab.tasks.by_view import split_texts
from synclab.tasks.task import CanvasTask, cells
from synclab.tasks.zoom_video import zoom_video


@dataclass(frozen=True)
class ZoomTask(CanvasTask):
    """A stack of `levels`, each `magnification` times closer than the one before.

    A prompt gives each level its text, separated by "|" from the widest to the closest, or one text
    to all. The picture shows the levels side by side; a GIF that zooms in through `frames` pictures
    for each level is written beside it, unless `frames` is 0.
    """

    levels: Annotated[int, Interval(ge=1, le=16)] = 5
    magnification: Literal[2, 4] = 2
    sampling: Sampling = "area"
    frames: Annotated[int, Interval(ge=0, le=100)] = 12

    def check(self, method: Method, name: str) -> None:
        """Also refuses means of pixels where states are noisy."""
        super().check(method, name)
        if method.noisy and self.sampling == "area":
            raise UserError(
                f"task.sampling=area: method={name} averages noisy states, from which means take"
                " variance; expected nearest; use task.sampling=nearest"
            )

    def canvas(self, prior: Prior, canonical: Canonical) -> Canvas:
        """The stack; what is not the canonical state is clean, so areas are averaged."""
        cell = cells(prior, canonical)
        size = cell["view_size"]
        if not reach(size, self.magnification):
            raise UserError(
                f"task.magnification={self.magnification}: a view of {size} cells has no centre of"
                f" {size / self.magnification:g} cells; expected a multiple of 8, such as"
                " prior.shape=[3,64,64]"
            )
        sampling: Sampling = self.sampling if canonical == self.canonical else "area"
        return Zoom(
            **cell,
            height=size,
            width=self.levels * size,
            magnification=self.magnification,
            sampling=sampling,
        )

    def texts(self, prompt: str) -> Sequence[str]:
        return split_texts(prompt, self.levels, "level")

    def image(self, prior: Prior, z: Tensor) -> Tensor:
        """All levels side by side, as they see one another."""
        rgb, space = super().image(prior, z), self.canvas(prior, "rgb")
        return side_by_side(space.project(rgb, tuple((float(i),) for i in range(self.levels))))

    def artefacts(self, prior: Prior, z: Tensor, image: Tensor) -> Mapping[str, bytes]:
        """The zoom as a GIF."""
        if not self.frames or self.levels == 1:
            return {}
        return {"gif": zoom_video(image.chunk(self.levels, -1), self.magnification, self.frames)}
