"""The texture of a mesh from a prompt."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, ClassVar

import torch
from annotated_types import Ge, Interval
from torch import Tensor

from synclab.core.pictures import to_png
from synclab.core.protocols import Canonical, Condition, Prior, Sample, Views
from synclab.core.sync import gather
from synclab.errors import UserError
from synclab.spaces.canvas import Canvas
from synclab.spaces.mesh import Mesh
from synclab.spaces.mesh_maps import MeshMaps, Rig
from synclab.spaces.mesh_model import MeshModel
from synclab.spaces.pose_sets import POSE_SETS, Poses
from synclab.spaces.raster.rasterizer import Backend
from synclab.spaces.solids import bumpy_sphere
from synclab.tasks.task import CanvasTask, cells

SHEET = tuple((45.0 * turn, 15.0) for turn in range(8))
"""Poses of the contact sheet, around the object."""


@dataclass(frozen=True)
class MeshTask(CanvasTask):
    """A square texture of `texture` texels along a side, seen from `poses` around the mesh.

    If no file `mesh` is given, the object is a bumpy sphere. `distance` is in radii of the object;
    None fits the object to the view. A GLB with the textured mesh is written beside the texture.
    """

    provides: ClassVar[tuple[str, ...]] = ("depth",)

    mesh: str | None = None
    texture: Annotated[int, Ge(16)] = 512
    poses: Poses = "stochsync"
    fov: Annotated[float, Interval(gt=0, lt=120)] = 60.0
    distance: Annotated[float, Ge(1.05)] | None = None
    background: Annotated[float, Interval(ge=0, le=1)] = 0.5
    sharpness: Annotated[float, Interval(ge=0, le=20)] = 1.0
    raster: Backend = "auto"

    def inputs(self) -> Mapping[str, Path]:
        return {} if self.mesh is None else {"mesh": Path(self.mesh).expanduser()}

    def canvas(self, prior: Prior, canonical: Canonical) -> Canvas:
        return self.surface(prior, canonical)

    def surface(self, prior: Prior, canonical: Canonical) -> Mesh:
        """The mesh's space; its maps are shared by all samples of a process."""
        cell = cells(prior, canonical)
        texture = self.texture if canonical == "rgb" else self.latent_texture(prior)
        background = self.background if canonical == "rgb" else 0.0
        shape = texture, cell["view_size"], cell.get("factor", 1), cell["device"]
        maps = shared_maps(self, *shape)
        return Mesh(
            **cell,
            height=texture,
            width=texture,
            maps=maps,
            sets=POSE_SETS[self.poses],
            background=background,
            sharpness=self.sharpness,
        )

    def latent_texture(self, prior: Prior) -> int:
        """Texels along a side of a latent texture, in the same ratio to its views as in RGB."""
        return max(16, self.texture * prior.shape[1] // prior.image_size)

    def condition(self, prior: Prior, sample: Sample) -> Condition:
        text = super().condition(prior, sample)
        return prior.with_depth(text, self.surface(prior, "rgb").disparity)

    def image(self, prior: Prior, z: Tensor) -> Tensor:
        """The texture, with unseen texels filled from the nearest seen ones."""
        space = self.surface(prior, "rgb")
        rgb = z if self.canonical == "rgb" else self.decode(prior, z)
        return space.complete(rgb, space.all_views()).clamp(0, 1)

    def decode(self, prior: Prior, z: Tensor) -> Tensor:
        """Decodes the views of the latent texture and averages them in RGB."""
        latents, views = self.surface(prior, "latent"), self.views
        return gather(self.surface(prior, "rgb"), latents.project(z, views), views)

    @property
    def views(self) -> Views:
        return tuple(view for views in POSE_SETS[self.poses] for view in views)

    def artefacts(self, prior: Prior, image: Tensor) -> Mapping[str, bytes]:
        """The textured mesh as GLB, and a contact sheet of views around it."""
        from synclab.tasks.mesh_file import to_glb

        space, texture = self.surface(prior, "rgb"), image.cpu()
        seen = space.project(image, SHEET)
        rows = [torch.cat(list(row), 2) for row in seen.split(len(SHEET) // 2)]
        return {"glb": to_glb(space.maps.model, texture), "views.png": to_png(torch.cat(rows, 1))}


@lru_cache(maxsize=4)
def shared_maps(task: MeshTask, texture: int, view_size: int, factor: int, device: str) -> MeshMaps:
    """The maps of a task, shared by all its samples."""
    model, rig = load(task.mesh), Rig(view_size, factor, task.fov, task.distance)
    return MeshMaps(model, texture, rig, task.raster, device)


@lru_cache(maxsize=2)
def load(path: str | None) -> MeshModel:
    """The mesh of a file, or a procedural solid if `path` is None.

    Raises: UserError for unusable files, or if the libraries that read meshes are not installed.
    """
    if path is None:
        return bumpy_sphere(64)
    try:
        from synclab.tasks.mesh_file import read_mesh
    except ImportError as error:
        raise UserError(
            f"task.mesh={path}: reading meshes needs {error.name}; pip install 'synclab[mesh]'"
        ) from error
    return read_mesh(Path(path).expanduser())
