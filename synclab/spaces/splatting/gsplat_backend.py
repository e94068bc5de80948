"""gsplat's CUDA rasteriser, an optional package."""

from typing import Any

import torch
from gsplat import rasterization  # pyright: ignore[reportMissingImports]: optional
from torch import Tensor

from synclab.spaces.raster.camera import Camera
from synclab.spaces.splatting.cloud import GaussianCloud


class GsplatBlending:
    """Renders values as features; the transpose is the gradient of that linear map."""

    def __init__(self, cloud: GaussianCloud, camera: Camera) -> None:
        self.cloud, self.camera = cloud, camera
        _, depths = camera.pixels(cloud.means)
        whole = self.render(torch.stack([torch.ones_like(depths), depths], 1).float())
        self.coverage = whole[:, 0]
        self.depth = whole[:, 1] / self.coverage.clamp_min(1e-9)

    def read(self, z: Tensor) -> Tensor:
        return self.render(z.T.float()).T.to(z.dtype)

    def transpose(self, y: Tensor) -> Tensor:
        values = torch.zeros(len(self.cloud), len(y), device=y.device, requires_grad=True)
        with torch.enable_grad():
            seen = self.render(values)
        (result,) = torch.autograd.grad(seen, values, y.T.float())
        return result.T.to(y.dtype)

    def render(self, values: Tensor) -> Tensor:
        """Pixels (p, c) of values (n, c)."""
        cloud, camera = self.cloud, self.camera
        image, _, _ = rasterization(
            cloud.means.float(),
            cloud.quaternions.float(),
            cloud.scales.float(),
            cloud.opacities.float(),
            values,
            world_to_camera(camera).to(values)[None],
            intrinsics(camera).to(values)[None],
            camera.size,
            camera.size,
        )
        result: Any = image[0].reshape(camera.size**2, values.shape[1])
        return result


class GsplatSplatter:
    """Needs CUDA: gsplat 1.5 compiles its kernels at the first call."""

    def __init__(self, cloud: GaussianCloud) -> None:
        self.cloud = cloud

    def look(self, camera: Camera) -> GsplatBlending:
        return GsplatBlending(self.cloud, camera)


def world_to_camera(camera: Camera) -> Tensor:
    """(4, 4) in OpenCV's axes: right, down, forward."""
    turn = torch.diag(torch.tensor([1.0, -1.0, -1.0], dtype=torch.float64)) @ camera.rotation.T
    matrix = torch.eye(4, dtype=torch.float64)
    matrix[:3, :3], matrix[:3, 3] = turn, -turn @ camera.position
    return matrix


def intrinsics(camera: Camera) -> Tensor:
    """(3, 3); gsplat's pixel centres lie at half integers."""
    centre = camera.size / 2
    rows = [[camera.focal, 0.0, centre], [0.0, camera.focal, centre], [0.0, 0.0, 1.0]]
    return torch.tensor(rows, dtype=torch.float64)
