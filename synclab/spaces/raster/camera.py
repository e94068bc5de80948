"""A perspective camera that looks at the origin, in the conventions of `core.geometry`."""

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from synclab.core import geometry


@dataclass(frozen=True)
class Camera:
    """Looks at the origin from `distance`, at `azimuth` and `elevation` in degrees.

    At azimuth 0 and elevation 0 the camera is on the +z axis and looks along -z; positive azimuths
    move it towards +x, positive elevations up. Images have `size` x `size` pixels and are `fov`
    degrees wide.
    """

    azimuth: float
    elevation: float
    distance: float
    fov: float
    size: int

    @cached_property
    def rotation(self) -> Tensor:
        """From the camera's axes (right, up, back) to the world's: (3, 3)."""
        azimuth = torch.tensor([-self.azimuth], dtype=torch.float64)
        elevation = torch.tensor([-self.elevation], dtype=torch.float64)
        return geometry.camera_rotation(azimuth, elevation)[0]

    @cached_property
    def position(self) -> Tensor:
        """Position of the camera: (3,)."""
        return self.rotation[:, 2] * self.distance

    @property
    def focal(self) -> float:
        """Focal length in pixels."""
        return self.size / 2 / math.tan(math.radians(self.fov) / 2)

    def pixels(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Columns and rows (..., 2) and depths (...) of points (..., 3).

        Integer positions are pixel centres.
        """
        local = points @ self.rotation.to(points)
        depth = self.distance - local[..., 2]
        flat = local[..., :2] * torch.tensor([1.0, -1.0]).to(points)
        return flat * (self.focal / depth)[..., None] + (self.size - 1) / 2, depth

    def rays(self) -> Tensor:
        """Directions (size, size, 3) through the pixel centres, of depth 1."""
        offset = geometry.image_plane(self.size, self.fov)
        y, x = torch.meshgrid(-offset, offset, indexing="ij")
        return torch.stack([x, y, -torch.ones_like(x)], -1) @ self.rotation.T
