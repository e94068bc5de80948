"""Base of tasks whose object is seen by cameras around it."""

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

import torch
from annotated_types import Ge, Interval
from torch import Tensor

from synclab.core.protocols import Canonical, Condition, Prior, Sample, Views
from synclab.spaces.canvas import Canvas
from synclab.spaces.gaussians import Gaussians
from synclab.spaces.mesh import Mesh
from synclab.spaces.pose_sets import Poses
from synclab.spaces.rig import Rig
from synclab.tasks.task import CanvasTask, cells
from synclab.tasks.view_prompts import WORDS, ByWord, ViewPrompts

EVALUATION: Views = tuple(
    (36.0 * turn, elevation) for elevation in (0.0, 30.0) for turn in range(10)
)
"""Poses of the contact sheet: StochSync's evaluation views, ten at each of two elevations."""

WHITE = 1.0
"""Background of the contact sheet, as in StochSync's evaluation."""


@dataclass(frozen=True)
class OrbitTask(CanvasTask):
    """An object seen from `poses`, sets of views around it.

    `distance` of the cameras is in radii of the object; None fits the object to the view.
    `background` is the grey level around it, for StochSync until a view has drawn something there.
    `view_prompts` appends words for the direction of a view to its prompt, as one paper does.
    """

    provides: ClassVar[tuple[str, ...]] = ("depth",)

    poses: Poses = "stochsync"
    fov: Annotated[float, Interval(ge=5, lt=120)] = 60.0
    distance: Annotated[float, Ge(1.05)] | None = None
    background: Annotated[float, Interval(ge=0, le=1)] = 0.5
    view_prompts: ViewPrompts = "none"

    @property
    def version(self) -> int:
        """2 since StochSync's views keep what they last drew beside the object."""
        return 2

    @abstractmethod
    def orbit(self, prior: Prior, canonical: Canonical) -> Mesh | Gaussians:
        """The object's space; its maps are shared by all samples of a process."""

    def canvas(self, prior: Prior, canonical: Canonical) -> Canvas:
        return self.orbit(prior, canonical)

    def rig(self, prior: Prior, canonical: Canonical) -> Rig:
        """The cameras of the views of a canonical state of either kind."""
        cell = cells(prior, canonical)
        return Rig(cell["view_size"], cell.get("factor", 1), self.fov, self.distance)

    def backdrop(self, canonical: Canonical) -> float:
        """The value around the object; latents have no grey level, so there it is 0."""
        return self.background if canonical == "rgb" else 0.0

    def condition(self, prior: Prior, sample: Sample) -> Condition:
        if self.view_prompts == "none":
            text = super().condition(prior, sample)
        else:
            text = ByWord(prior, self.prompt_prefix + sample.prompt, WORDS[self.view_prompts])
        return prior.with_depth(text, self.orbit(prior, "rgb").disparity)

    def colours(self, prior: Prior, z: Tensor) -> Tensor:
        """The final RGB state; unseen parts take the colour of the nearest seen one."""
        space = self.orbit(prior, "rgb")
        rgb = z if self.canonical == "rgb" else self.decode(prior, z)
        return space.complete(rgb, space.all_views()).clamp(0, 1)

    def sheet(self, prior: Prior, colours: Tensor) -> Tensor:
        """Evaluation views of the finished object, one row for each elevation (3, H, W)."""
        space = replace(self.orbit(prior, "rgb"), background=WHITE)
        seen = space.project(colours, EVALUATION).clamp(0, 1)
        return torch.cat([torch.cat(list(row), 2) for row in seen.split(10)], 1)
