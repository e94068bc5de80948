"""The reference rasteriser: a z-buffer in plain PyTorch, on any device."""

import torch
from torch import Tensor

from synclab.spaces.raster.camera import Camera
from synclab.spaces.raster.rasterizer import Hits
from synclab.spaces.raster.triangles import covered

SHADOW = 2
"""Resolution of the depth image that `hidden` uses, relative to the camera's."""


class TorchRasterizer:
    """Tests every pixel of every face's bounding box and keeps the nearest face.

    `hidden` compares depths with a finer depth image of the same camera: exact except for points
    within half a pixel of an outline. Embree casts a ray for every point instead.
    """

    def __init__(self, vertices: Tensor, faces: Tensor) -> None:
        self.corners = vertices.double()[faces]

    def look(self, camera: Camera) -> Hits:
        position, depth = camera.pixels(self.corners)
        nearest = depth.new_full((camera.size**2,), torch.inf)
        found = [
            (pixel, face, *perspective(weight, depth[face]))
            for pixel, face, weight in covered(position, camera.size, camera.size)
        ]
        for pixel, _, _, deep in found:
            nearest.scatter_reduce_(0, pixel, deep, "amin")
        face = torch.full_like(nearest, len(self.corners), dtype=torch.long)
        winners = [tuple(x[deep == nearest[p]] for x in (p, f, w, deep)) for p, f, w, deep in found]
        for pixel, number, _, _ in winners:  # two at the same depth: the first face
            face.scatter_reduce_(0, pixel, number, "amin")
        kept = [tuple(x[f == face[p]] for x in (p, f, w, deep)) for p, f, w, deep in winners]
        return Hits(*(torch.cat(parts) for parts in zip(*kept, strict=True)))

    def hidden(self, points: Tensor, camera: Camera) -> Tensor:
        return depth_hidden(self, points, camera)


def perspective(weight: Tensor, depth: Tensor) -> tuple[Tensor, Tensor]:
    """Perspective-correct barycentric coordinates and depth, from those on the image plane and the
    corners' depths (m, 3).
    """
    near = weight / depth
    deep = 1 / near.sum(1)
    return near * deep[:, None], deep


def depth_hidden(rasterizer: "TorchRasterizer", points: Tensor, camera: Camera) -> Tensor:
    """Whether points lie behind all four surrounding pixels of a finer depth image."""
    finer = Camera(
        camera.azimuth, camera.elevation, camera.distance, camera.fov, SHADOW * camera.size
    )
    hits = rasterizer.look(finer)
    depth = hits.depth.new_full((finer.size**2,), torch.inf)
    depth[hits.pixel] = hits.depth
    position, deep = finer.pixels(points.to(depth))
    low = position.floor().long()
    around = [low + torch.tensor(step).to(low) for step in ((0, 0), (0, 1), (1, 0), (1, 1))]
    flat = [at.clamp(0, finer.size - 1) @ torch.tensor([1, finer.size]).to(at) for at in around]
    behind = torch.stack([depth[at] for at in flat]).amax(0)
    return deep > behind * (1 + 1e-4)
