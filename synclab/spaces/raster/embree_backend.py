"""Intel's Embree ray tracer, on the CPU."""

import numpy as np
import torch
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene
from torch import Tensor

from synclab.spaces.raster.camera import Camera
from synclab.spaces.raster.rasterizer import Hits


class EmbreeRasterizer:
    """Casts one ray per pixel, and for visibility one per point."""

    def __init__(self, vertices: Tensor, faces: Tensor) -> None:
        corners, self.device = vertices.cpu().numpy(), vertices.device
        self.scene = EmbreeScene()
        TriangleMesh(self.scene, as_float(corners), faces.cpu().numpy().astype(np.int32))

    def look(self, camera: Camera) -> Hits:
        rays = as_float(camera.rays().view(-1, 3).numpy())
        origin = np.broadcast_to(as_float(camera.position.numpy()), rays.shape).copy()
        hit = self.scene.run(origin, rays, output=True)
        seen = np.flatnonzero(hit["primID"] >= 0)
        u, v, depth = (torch.from_numpy(hit[key][seen]).double() for key in ("u", "v", "tfar"))
        face = torch.from_numpy(hit["primID"][seen]).long()
        found = torch.from_numpy(seen), face, torch.stack([1 - u - v, u, v], 1), depth
        return Hits(*(part.to(self.device) for part in found))

    def hidden(self, points: Tensor, camera: Camera) -> Tensor:
        origin = points.cpu()
        towards = camera.position.to(origin) - origin
        hit = self.scene.run(
            as_float(origin.numpy()),
            as_float(towards.numpy()),
            np.ones(len(origin), np.float32),
            query="OCCLUDED",
        )
        return torch.from_numpy(hit != -1).to(self.device)


def as_float(values: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(values, np.float32)
