"""A triangle mesh with texture coordinates, and the 3D positions of its texels."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from synclab.spaces.raster.triangles import covered


@dataclass(frozen=True, eq=False)
class MeshModel:
    """Vertices (v, 3), faces (f, 3) and, for every vertex, texture coordinates `uv` (v, 2).

    The origin of `uv` is the texture's lower left corner, as in OBJ files; +y is up.
    """

    vertices: Tensor
    faces: Tensor
    uv: Tensor

    @cached_property
    def fitted(self) -> Tensor:
        """Vertices with their bounding box centred at the origin, the farthest at distance 1."""
        used = self.vertices[self.faces.flatten().unique()]
        centred = self.vertices - (used.amin(0) + used.amax(0)) / 2
        return centred / centred[self.faces.flatten().unique()].norm(dim=1).max()

    @cached_property
    def normals(self) -> Tensor:
        """Unit normals (f, 3) of the faces; 0 for degenerate ones."""
        a, b, c = self.fitted[self.faces].unbind(1)
        normal = torch.linalg.cross(b - a, c - a)
        return normal / normal.norm(dim=1, keepdim=True).clamp_min(1e-30)

    def texel_position(self, size: int) -> Tensor:
        """Columns and rows (f, 3, 2) of the faces' corners; integers are texel centres.

        Coordinates outside [0, 1] repeat the texture, so each face is shifted by whole textures.
        """
        uv = self.uv[self.faces]
        uv = uv - uv.mean(1, keepdim=True).floor()
        return torch.stack([uv[..., 0], 1 - uv[..., 1]], -1) * size - 0.5


@dataclass(frozen=True, eq=False)
class Charts:
    """The texels of a texture that lie in a face.

    Args:
        texel: (m,) their flat indices.
        face: (m,) the face of each; if several faces share a texel, the first.
        position, normal: (m, 3) on the fitted mesh, in fp32 to save memory.
        owner: (size * size,) the nearest chart texel of every texel; inside a chart itself.
    """

    texel: Tensor
    face: Tensor
    position: Tensor
    normal: Tensor
    owner: Tensor


def find_charts(model: MeshModel, size: int) -> Charts:
    """The texels whose centres lie in a face of the mesh; empty if the texture is too small."""
    first = torch.full((size * size,), len(model.faces))
    found = list(covered(model.texel_position(size), size, size))
    for texel, face, _ in found:
        first.scatter_reduce_(0, texel, face, "amin")
    kept = [(t[own], f[own], w[own]) for t, f, w in found for own in [first[t] == f]]
    texel, face, weight = (torch.cat(parts) for parts in zip(*kept, strict=True))
    position = (model.fitted[model.faces[face]] * weight[..., None]).sum(1)
    normal = model.normals[face].float()
    return Charts(texel, face, position.float(), normal, owners(texel, size))


def owners(texel: Tensor, size: int) -> Tensor:
    """The nearest of the given texels, for every texel of a square texture."""
    outside = torch.ones(size * size, dtype=torch.bool)
    outside[texel] = False
    at = np.empty((2, size, size), np.int32)
    grid = outside.view(size, size).numpy()
    distance_transform_edt(grid, return_distances=False, return_indices=True, indices=at)
    return torch.from_numpy(at[0] * size + at[1]).flatten().long()
