"""A turning object in pictures."""

from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict

from PIL import Image
from torch import Tensor

from synclab.core.pictures import to_bytes
from synclab.errors import UserError
from synclab.spaces.gaussian_maps import GaussianMaps
from synclab.spaces.gaussians import Gaussians
from synclab.spaces.mesh import Mesh
from synclab.spaces.mesh_maps import MeshMaps
from synclab.spaces.orbit import Orbit
from synclab.spaces.rig import Rig
from synclab.tasks.mesh_file import read_mesh, read_texture
from synclab.tasks.ply import read_cloud, read_colours

ELEVATION = 15.0
"""Degrees from which the object is seen."""

WHITE = 1.0


def turntable(path: Path, frames: int, pixels: int) -> Iterator[Image.Image]:
    """One turn around the object of a GLB or PLY file that a run has written.

    Args:
        frames: pictures of one turn.
        pixels: along a side of a picture.
    """
    space, colours = coloured(path, Rig(pixels))
    for i in range(frames):
        (seen,) = space.project(colours, ((360 * i / frames, ELEVATION),))
        yield Image.fromarray(to_bytes(seen.clamp(0, 1)))


def coloured(path: Path, rig: Rig) -> tuple[Orbit, Tensor]:
    """The object of a file on white, and its colours (3, H, W)."""
    if path.suffix == ".ply":
        maps, colours = GaussianMaps(read_cloud(path), rig), read_colours(path).T[:, None]
        space = Gaussians(**size(colours, rig), maps=maps, sets=(), background=WHITE)
    else:
        colours = read_texture(path)
        if colours.shape[1] != colours.shape[2]:
            raise UserError(f"{path}: its texture is not square; expected a GLB of synclab")
        maps = MeshMaps(read_mesh(path), colours.shape[1], rig)
        space = Mesh(**size(colours, rig), maps=maps, sets=(), background=WHITE)
    return space, colours


class Size(TypedDict):
    """The fields of a canvas that its colours and its views decide."""

    channels: int
    height: int
    width: int
    view_size: int


def size(colours: Tensor, rig: Rig) -> Size:
    channels, height, width = colours.shape
    return {"channels": channels, "height": height, "width": width, "view_size": rig.size}
