"""The protocol of splatters: a view of a cloud as a linear map of its colours."""

from typing import Literal, Protocol

from torch import Tensor

from synclab.spaces.raster.camera import Camera

Backend = Literal["auto", "torch", "gsplat"]


class Blending(Protocol):
    """Alpha blending in one view, with p pixels in row-major order, for n Gaussians."""

    @property
    def coverage(self) -> Tensor:
        """(p,) sum of the blending weights at every pixel, in [0, 1]."""
        ...

    @property
    def depth(self) -> Tensor:
        """(p,) expected distance along the camera's axis; 0 where the coverage is 0."""
        ...

    def read(self, z: Tensor) -> Tensor:
        """Blended pixels (c, p) of values (c, n), on a background of 0."""
        ...

    def transpose(self, y: Tensor) -> Tensor:
        """Transpose of `read`: (c, p) to (c, n)."""
        ...


class Splatter(Protocol):
    """Renders one cloud from any camera outside it."""

    def look(self, camera: Camera) -> Blending: ...
