"""What a mesh space asks of a rasteriser."""

from dataclasses import dataclass
from typing import Literal, Protocol

from torch import Tensor

from synclab.spaces.raster.camera import Camera

Backend = Literal["auto", "embree", "torch", "nvdiffrast"]


@dataclass(frozen=True, eq=False)
class Hits:
    """The pixels of an image that see a face, in the order of `pixel`.

    Args:
        pixel: (m,) numbers of pixels, row by row.
        face: (m,) the nearest face there.
        weight: (m, 3) how much each corner of the face weighs at the point seen; they add up to 1.
        depth: (m,) distance from the camera along its axis.
    """

    pixel: Tensor
    face: Tensor
    weight: Tensor
    depth: Tensor


class Rasterizer(Protocol):
    """Looks at one mesh from any camera that stands outside of it."""

    def look(self, camera: Camera) -> Hits:
        """What every pixel's centre sees."""
        ...

    def hidden(self, points: Tensor, camera: Camera) -> Tensor:
        """Whether the mesh stands between points (m, 3) just above it and the camera: (m,)."""
        ...
