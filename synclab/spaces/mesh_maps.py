"""Maps between views of a mesh and its texture, computed once per pose and shared."""

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from synclab.core.protocols import View, Views
from synclab.spaces.disparity import normalised_disparity
from synclab.spaces.mesh_model import MeshModel, find_charts
from synclab.spaces.nearest import nearest_seen
from synclab.spaces.ownership import distance_within
from synclab.spaces.raster.camera import Camera
from synclab.spaces.raster.choice import choose
from synclab.spaces.raster.rasterizer import Backend, Hits
from synclab.spaces.rig import Rig
from synclab.spaces.sparse import SparseRead, bilinear_read, clamped, doubly_periodic

LIFT = 1e-4
"""Offset above a face of the points tested for visibility, on a mesh of radius 1."""


@dataclass(frozen=True, eq=False)
class Pose:
    """The maps of one view: from texture to view and back.

    Args:
        pixel: (p,) flat indices of the pixels that see the mesh.
        pixels: how these pixels sample the texture.
        texel: (m,) flat indices of the texels that the view sees.
        texels: how these texels sample the view.
        weight: (m,) cosine between the viewing direction and the face's normal, times the share of
            the four sampled pixels that belong to the texel's surface.
        disparity: (h, w) inverse depth, 1 at the nearest pixel, 0 at the farthest and outside.
    """

    pixel: Tensor
    pixels: SparseRead
    texel: Tensor
    texels: SparseRead
    weight: Tensor
    disparity: Tensor


class MeshMaps:
    """Maps between the texture (`size` texels along a side) of a mesh and its views.

    The maps of the last 64 poses are cached, so no ray is cast twice for a fixed set of poses. A
    pose of 768 pixels on 2048 x 2048 texels takes about 40 MB.
    """

    def __init__(
        self, model: MeshModel, size: int, rig: Rig, raster: Backend = "auto", device: str = "cpu"
    ) -> None:
        self.model, self.size, self.rig, self.device = model, size, rig, device
        self.charts = find_charts(model, size)
        self.corners = model.texel_position(size)
        self.rasterizer = choose(raster, model.fitted.to(device), model.faces.to(device))
        self.pose = lru_cache(maxsize=64)(self._find)
        self.nearest = lru_cache(maxsize=16)(self._find_nearest)
        self.best = lru_cache(maxsize=16)(self._find_best)
        self.inwardness = lru_cache(maxsize=16)(self._find_inwardness)

    def seen(self, views: Views) -> Tensor:
        """Whether any of the views sees a texel: (H, W)."""
        mask = torch.zeros(self.size**2, dtype=torch.bool, device=self.device)
        for view in views:
            mask[self.pose(view).texel] = True
        return mask.view(self.size, self.size)

    def _find(self, view: View) -> Pose:
        """Computes the maps of a pose."""
        camera = self.rig.camera(view)
        hits = self.rasterizer.look(camera)
        texel, texels, weight = self._find_texels(camera, hits)
        disparity = normalised_disparity(hits.pixel, hits.depth, self.rig.size)
        return Pose(hits.pixel, self._find_pixels(hits), texel, texels, weight, disparity)

    def _find_pixels(self, hits: Hits) -> SparseRead:
        """How the pixels sample the texture; texels outside the charts are replaced by the nearest
        texel of a chart.
        """
        face = hits.face.cpu()
        column, row = (self.corners[face] * hits.weight.cpu()[..., None]).sum(1).unbind(1)
        close = doubly_periodic(self.size, self.size)
        read = bilinear_read(column, row, self.size, close)
        owned = SparseRead(self.charts.owner[read.index], read.weight)
        return owned.to(self.device)

    def _find_texels(self, camera: Camera, hits: Hits) -> tuple[Tensor, SparseRead, Tensor]:
        """Texels that the camera sees, how they sample the view, and their weights."""
        position, normal = self.charts.position, self.charts.normal
        towards = camera.position.to(position) - position
        cosine = (normal * towards).sum(1) / towards.norm(dim=1)
        at, depth = camera.pixels(position)
        inside = ((at >= -0.5) & (at <= camera.size - 0.5)).all(1) & (cosine.abs() > 1e-3)
        near = inside.nonzero()[:, 0]
        read, share = surface_read(camera, hits, at[near], depth[near], cosine[near].abs())
        seen = (share > 0).nonzero()[:, 0]  # rays are slow: cast them only where a pixel agrees
        near = near[seen]
        lifted = position[near] + LIFT * normal[near] * cosine[near].sign()[:, None]
        free = ~self.rasterizer.hidden(lifted.to(self.device), camera).cpu()
        near, seen = near[free], seen[free]
        weight = (cosine[near].abs() * share[seen]).float().to(self.device)
        read = SparseRead(read.index[:, seen], read.weight[:, seen])
        return self.charts.texel[near].to(self.device), read.to(self.device), weight

    def _find_best(self, views: Views) -> Tensor:
        """Largest weight with which any of the views sees a texel: (H, W)."""
        best = torch.zeros(self.size**2, device=self.device)
        for view in views:
            pose = self.pose(view)
            best[pose.texel] = torch.maximum(best[pose.texel], pose.weight)
        return best.view(self.size, self.size)

    def _find_nearest(self, views: Views) -> Tensor:
        """Index, for every texel, of the texel whose colour it takes when only these views are
        known: the nearest seen one in 3D, or outside the charts the nearest texel of a chart.
        """
        texel, position = self.charts.texel, self.charts.position
        seen = self.seen(views).flatten().cpu()[texel]
        source = torch.arange(self.size**2)
        source[texel] = texel[nearest_seen(position, seen)]
        return source[self.charts.owner].to(self.device)

    def _find_inwardness(self, views: Views) -> Tensor:
        """Distance (n, 1, h, w) of pixels from those that another view sees better; see `Mesh`."""
        best = torch.zeros(1, self.size, self.size, device=self.device)
        owner = torch.full_like(best, -1)
        for number, view in enumerate(views):
            pose = self.pose(view)
            ahead = pose.weight > best.flatten()[pose.texel]
            texel = pose.texel[ahead]
            best.view(-1)[texel], owner.view(-1)[texel] = pose.weight[ahead], float(number)
        found = [self._distances(owner, number, view) for number, view in enumerate(views)]
        return torch.stack(found)[:, None]

    def _distances(self, owner: Tensor, number: int, view: View) -> Tensor:
        pose = self.pose(view)
        strongest = pose.pixels.weight.argmax(0, keepdim=True)
        read = owner.flatten()[pose.pixels.index.gather(0, strongest)[0]]
        own = torch.zeros(self.rig.size**2, dtype=torch.bool, device=self.device)
        own[pose.pixel] = (read == number) | (read == -1)
        covered = torch.zeros_like(own)
        covered[pose.pixel] = True
        return distance_within(own, covered, self.rig.size, self.rig.factor)


def surface_read(
    camera: Camera, hits: Hits, at: Tensor, depth: Tensor, cosine: Tensor
) -> tuple[SparseRead, Tensor]:
    """Bilinear sampling of a view at positions `at` (m, 2), from pixels on the same surface.

    Pixels that miss the object, or see a part in front of or behind it, get no weight: their
    colours would bleed. Also returns the share (m,) of the four bilinear weights that is left.
    """
    column, row = at.unbind(1)
    read = bilinear_read(column, row, camera.size, clamped(camera.size, camera.size))
    image = torch.full((camera.size**2,), torch.inf, dtype=torch.float64)
    image[hits.pixel.cpu()] = hits.depth.cpu()
    slope = (1 - cosine.square()).clamp_min(0).sqrt() / cosine
    near = (image[read.index] - depth).abs() <= 2 * depth / camera.focal * (1 + slope)
    weight = read.weight * near
    share = weight.sum(0)
    return SparseRead(read.index, weight / share.clamp_min(1e-6)), share
