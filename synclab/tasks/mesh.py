"""The texture of a mesh from a prompt."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Interval
from torch import Tensor

from synclab.core.pictures import to_png
from synclab.core.protocols import Canonical, Method, Prior
from synclab.errors import UserError
from synclab.spaces.mesh import Gather, Mesh
from synclab.spaces.mesh_maps import MeshMaps
from synclab.spaces.mesh_model import MeshModel
from synclab.spaces.pose_sets import POSE_SETS
from synclab.spaces.raster.rasterizer import Backend
from synclab.spaces.rig import Rig
from synclab.spaces.solids import bumpy_sphere
from synclab.tasks.known import KnownTask
from synclab.tasks.orbit import OrbitTask
from synclab.tasks.task import cells


@dataclass(frozen=True)
class MeshTask(KnownTask, OrbitTask):
    """A square texture of `texture` texels along a side, of which a part may be given.

    If no file `mesh` is given, the object is a bumpy sphere. A GLB with the textured mesh and a
    contact sheet of its views are written beside the texture.
    """

    mesh: str | None = None
    texture: Annotated[int, Ge(16)] = 512
    sharpness: Annotated[float, Interval(ge=0, le=20)] = 1.0
    gather: Gather = "mean"
    raster: Backend = "auto"

    @property
    def version(self) -> int:
        """2 since StochSync's poses start at the object's front, and synchronised views keep their
        own state beside the object.
        """
        return 2

    def inputs(self) -> Mapping[str, Path]:
        mesh = {} if self.mesh is None else {"mesh": Path(self.mesh).expanduser()}
        return {**super().inputs(), **mesh}

    def check(self, method: Method, name: str) -> None:
        """Also refuses known parts of latent textures, which no VAE encodes."""
        super().check(method, name)
        if self.known is not None and self.canonical == "latent":
            raise UserError(
                f"task.known={self.known}: method={name} keeps a texture of latents, in which no"
                " part can be given; expected task.canonical=rgb; use another method, such as"
                " method=stochsync or synctweedies"
            )

    def orbit(self, prior: Prior, canonical: Canonical) -> Mesh:
        texture = self.texture if canonical == "rgb" else self.latent_texture(prior)
        rig = self.rig(prior, canonical)
        return Mesh(
            **cells(prior, canonical),
            height=texture,
            width=texture,
            maps=shared_maps(self.mesh, texture, rig, self.raster, prior.device),
            sets=POSE_SETS[self.poses],
            background=self.backdrop(canonical),
            sharpness=self.sharpness,
            gather=self.gather,
        )

    def latent_texture(self, prior: Prior) -> int:
        """Texels along a side of a latent texture, in the same ratio to its views as in RGB."""
        return max(16, self.texture * prior.shape[1] // prior.image_size)

    def image(self, prior: Prior, z: Tensor) -> Tensor:
        """The texture, with what is known in its place also where no view sees it."""
        texture, given = self.colours(prior, z), self.given(prior)
        return texture if given is None else given.put_into(texture)

    def artefacts(self, prior: Prior, z: Tensor, image: Tensor) -> Mapping[str, bytes]:
        """The textured mesh as GLB, and a contact sheet of views around it."""
        from synclab.tasks.mesh_file import to_glb

        model = self.orbit(prior, "rgb").maps.model
        views = to_png(self.sheet(prior, image))
        return {"glb": to_glb(model, image.cpu()), "views.png": views}


@lru_cache(maxsize=4)
def shared_maps(path: str | None, texture: int, rig: Rig, raster: Backend, device: str) -> MeshMaps:
    """The maps of a mesh, shared by all samples."""
    return MeshMaps(load(path), texture, rig, raster, device)


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
