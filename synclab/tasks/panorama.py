"""360-degree panorama from a prompt."""

from dataclasses import dataclass
from typing import Annotated, Any

from annotated_types import Ge, Interval
from torch import Tensor

from synclab.errors import UserError
from synclab.spaces.panorama import Cover, Grid, Inverse, Panorama, Sampling
from synclab.sync import gather
from synclab.tasks.task import Canonical, Task, cells
from synclab.types import Space


@dataclass(frozen=True)
class PanoramaTask(Task):
    """An equirectangular canvas of `rows` x 2 `rows` views (the paper's 512 px and 2048x4096)."""

    fov: Annotated[float, Interval(gt=0, lt=180)] = 72.0
    rows: Annotated[int, Ge(1)] = 4
    cover: Cover = "ring"
    sampling: Sampling = "bilinear"
    inverse: Inverse = "backproject"
    grid: Grid = "centres"
    margin: Annotated[float, Ge(0)] = 0.0

    def __post_init__(self) -> None:
        if self.cover == "sphere" and self.fov < 90:
            raise UserError(
                f"task.fov={self.fov}: task.cover=sphere looks through cube faces and expects at"
                " least 90; say task.fov=90"
            )

    def canvas(self, prior: Any, canonical: Canonical) -> Space:
        cell = cells(prior, canonical)
        height = self.rows * cell["view_size"]
        return Panorama(
            **cell,
            height=height,
            width=2 * height,
            fov=self.fov,
            cover=self.cover,
            sampling=self.sampling,
            inverse=self.inverse,
            grid=self.grid,
            margin=self.margin,
        )

    def decode(self, prior: Any, z: Tensor) -> Tensor:
        """Views of the latent canvas are decoded one by one and meet again in RGB."""
        latents = self.canvas(prior, "latent")
        views = latents.all_views()
        return gather(self.canvas(prior, "rgb"), latents.project(z, views), views)
