"""Textures of a sphere and a torus from a prompt (Yeo et al. 2025, App. F)."""

from dataclasses import dataclass
from typing import Annotated, Any

from annotated_types import Ge, Interval

from synclab.core.protocols import Canonical, Prior
from synclab.spaces.canvas import Canvas
from synclab.spaces.equirect import Grid
from synclab.spaces.resampling import Sampling
from synclab.spaces.surface import Sphere, Surface, Torus
from synclab.tasks.known import Border, KnownTask
from synclab.tasks.photo import PhotoTask
from synclab.tasks.task import cells


@dataclass(frozen=True)
class SurfaceTask(KnownTask):
    """A canvas of `rows` views in height that wraps around a surface."""

    rows: Annotated[int, Ge(1)] = 4
    sampling: Sampling = "bilinear"
    grid: Grid = "centres"
    margin: Annotated[float, Ge(0)] = 0.0

    @property
    def border(self) -> Border:
        return "closed"

    def surface(self, size: dict[str, Any]) -> Surface:
        """The surface, from the arguments that all surfaces share."""
        raise NotImplementedError

    def canvas(self, prior: Prior, canonical: Canonical) -> Canvas:
        size: dict[str, Any] = {"sampling": self.sampling, "grid": self.grid}
        return self.surface({**cells(prior, canonical), **size, "margin": self.margin})


@dataclass(frozen=True)
class SphereTask(PhotoTask, SurfaceTask):
    """An equirectangular canvas of `rows` x 2 `rows` views (the paper's 512 px and 2048x4096)."""

    fov: Annotated[float, Interval(ge=90, le=120)] = 90.0

    def surface(self, size: dict[str, Any]) -> Surface:
        height = self.rows * size["view_size"]
        return Sphere(**size, height=height, width=2 * height, fov=self.fov)


@dataclass(frozen=True)
class TorusTask(SurfaceTask):
    """A canvas of `rows` x 3 `rows` views (the paper's 512 px and 1024x3072).

    `ratio` is the outer circumference over the inner one.
    """

    rows: Annotated[int, Ge(1)] = 2
    ratio: Annotated[float, Interval(gt=1, le=10)] = 3.0

    def surface(self, size: dict[str, Any]) -> Surface:
        height = self.rows * size["view_size"]
        return Torus(**size, height=height, width=3 * height, ratio=self.ratio)
