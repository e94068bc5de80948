"""360-degree panorama from a prompt."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Interval

from synclab.core.protocols import Canonical, Condition, Prior, Sample, Views
from synclab.errors import UserError
from synclab.spaces.canvas import Canvas
from synclab.spaces.equirect import Grid
from synclab.spaces.panorama import Inverse, Panorama
from synclab.spaces.photo import any_sees
from synclab.spaces.resampling import Sampling
from synclab.spaces.view_sets import COVERS, Cover, unseen
from synclab.tasks.directions import ByElevation, steep
from synclab.tasks.photo import PhotoTask
from synclab.tasks.photo_sphere import photo_sphere
from synclab.tasks.task import cells


@dataclass(frozen=True)
class PanoramaTask(PhotoTask):
    """An equirectangular canvas of `rows` x 2 `rows` views (the paper's 512 px and 2048x4096).

    `views` are custom sets of (azimuth, elevation), used in turn instead of a `cover`.
    """

    fov: Annotated[float, Interval(ge=5, lt=180)] = 72.0
    rows: Annotated[int, Ge(1)] = 4
    cover: Cover = "ring"
    views: tuple[tuple[tuple[float, float], ...], ...] | None = None
    sampling: Sampling = "bilinear"
    inverse: Inverse = "backproject"
    grid: Grid = "centres"
    margin: Annotated[float, Ge(0)] = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.cover == "sphere" and self.fov < 90:
            raise UserError(
                f"task.fov={self.fov}: task.cover=sphere uses cube faces; expected at least 90;"
                " use task.fov=90"
            )
        if self.views is not None:
            self.check_views(tuple(view for views in self.views for view in views))

    @property
    def version(self) -> int:
        """2 since steep views have their own prompts and the sphere cover sees the cubes' edges.

        3 since these prompts begin with `prompt_prefix`, too.
        """
        own = (view for views in self.views or () for view in views)
        if self.cover != "sphere" and not any(map(steep, own)):
            return 1
        return 3 if self.prompt_prefix else 2

    def check_views(self, views: Views) -> None:
        """Refuses custom views that leave a gap in the horizon."""
        gap = unseen(views, self.fov) if views else 0.0
        if gap is not None:
            raise UserError(
                f"task.views: no view sees azimuth {gap:.0f} on the horizon; add views or"
                f" widen task.fov={self.fov}"
            )

    def check_known_view(self, view: tuple[float, ...]) -> None:
        """Refuses also a photo of a direction that no view sees: nothing would continue it."""
        super().check_known_view(view)
        sets = self.views or COVERS[self.cover](self.fov)
        if not any_sees(tuple(v for views in sets for v in views), self.fov, view[:2], view[2]):
            raise UserError(
                f"task.known_view={list(view)}: no view of task.cover={self.cover} sees it;"
                " expected a direction that is generated, or use task.cover=sphere task.fov=90"
            )

    def canvas(self, prior: Prior, canonical: Canonical) -> Canvas:
        cell = cells(prior, canonical)
        height = self.rows * cell["view_size"]
        return Panorama(
            **cell,
            height=height,
            width=2 * height,
            fov=self.fov,
            cover=self.cover,
            sets=self.views or (),
            sampling=self.sampling,
            inverse=self.inverse,
            grid=self.grid,
            margin=self.margin,
        )

    def condition(self, prior: Prior, sample: Sample) -> Condition:
        """The prompt; for steep views it names the viewing direction."""
        sets = self.views or COVERS[self.cover](self.fov)
        if not any(steep(view) for views in sets for view in views):
            return super().condition(prior, sample)
        return ByElevation.of(prior, sample.prompt, self.prompt_prefix)

    def metadata(self, height: int, width: int) -> str:
        """XMP of a full sphere, which the canvas covers even where no view did."""
        return photo_sphere(height, width)
