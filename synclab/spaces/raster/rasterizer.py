"""The protocol of rasterisers."""

from dataclasses import dataclass
from typing import Literal, Protocol

from torch import Tensor

from synclab.spaces.raster.camera import Camera

Backend = Literal["auto", "embree", "torch", "nvdiffrast"]


@dataclass(frozen=True, eq=False)
class Hits:
    """The pixels of an image that see a face.

    Args:
        pixel: (m,) flat indices of the pixels.
        face: (m,) the nearest face at each.
        weight: (m, 3) barycentric coordinates of the visible point in its face.
        depth: (m,) distance from the camera along its axis.
    """

    pixel: Tensor
    face: Tensor
    weight: Tensor
    depth: Tensor


class Rasterizer(Protocol):
    """Renders one mesh from any camera outside it."""

    def look(self, camera: Camera) -> Hits:
        """The visible faces at the pixel centres."""
        ...

    def hidden(self, points: Tensor, camera: Camera) -> Tensor:
        """Whether the mesh hides points (m, 3), just above its surface, from the camera: (m,)."""
        ...
