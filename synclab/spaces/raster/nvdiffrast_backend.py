"""NVIDIA's rasteriser, for CUDA: optional, installed from source (see the README)."""

import nvdiffrast.torch as dr  # pyright: ignore[reportMissingImports]: optional
import torch
from torch import Tensor

from synclab.spaces.raster.camera import Camera
from synclab.spaces.raster.rasterizer import Hits
from synclab.spaces.raster.torch_backend import TorchRasterizer, depth_hidden


class NvdiffrastRasterizer(TorchRasterizer):
    """nvdiffrast's images hold (u, v, depth, face + 1); row 0 is the bottom of clip space."""

    def __init__(self, vertices: Tensor, faces: Tensor) -> None:
        super().__init__(vertices, faces)
        self.vertices, self.faces = vertices.float(), faces.int().contiguous()
        self.context = dr.RasterizeCudaContext(vertices.device)

    def look(self, camera: Camera) -> Hits:
        image, _ = dr.rasterize(
            self.context, self.clip(camera), self.faces, (camera.size, camera.size)
        )
        u, v, _, number = image[0].view(-1, 4).double().unbind(-1)
        pixel = number.nonzero()[:, 0]
        face, u, v = number[pixel].long() - 1, u[pixel], v[pixel]
        weight = torch.stack([u, v, 1 - u - v], 1)
        _, depth = camera.pixels(self.corners[face])
        return Hits(pixel, face, weight, (weight * depth).sum(1))

    def clip(self, camera: Camera) -> Tensor:
        """Vertices in clip space (1, v, 4), flipped so that row 0 of the image is its top."""
        position, depth = camera.pixels(self.vertices.double())
        plane = (position + 0.5) / camera.size * 2 - 1
        near, far = depth.min() * 0.99, depth.max() * 1.01
        z = (far + near) / (far - near) - 2 * far * near / (far - near) / depth
        ahead = torch.stack([*plane.unbind(-1), z, torch.ones_like(z)], -1) * depth[:, None]
        return ahead[None].float().contiguous()

    def hidden(self, points: Tensor, camera: Camera) -> Tensor:
        return depth_hidden(self, points, camera)
