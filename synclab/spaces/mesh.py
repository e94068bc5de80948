"""The texture of a mesh, seen from around it."""

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from scipy.ndimage import distance_transform_edt
from scipy.spatial import cKDTree
from torch import Tensor

from synclab.core.protocols import Rng, View, Views
from synclab.core.sync import weighted_mean
from synclab.spaces.canvas import Canvas
from synclab.spaces.mesh_model import Charts, MeshModel, find_charts
from synclab.spaces.raster.camera import Camera
from synclab.spaces.raster.choice import choose
from synclab.spaces.raster.rasterizer import Backend, Hits, Rasterizer
from synclab.spaces.sparse import SparseRead, bilinear_read, clamped, doubly_periodic

LIFT = 1e-4
"""How far above its face a texel asks whether anything hides it, on a mesh of radius 1."""


@dataclass(frozen=True, eq=False)
class Pose:
    """What a view sees of the texture, and the texture of the view.

    Args:
        pixel: (p,) numbers of the pixels that see the mesh, and what each reads of the texture.
        texel: (m,) numbers of the texels that the view sees, and what each reads of the view.
        weight: (m,) cosine between the view's direction and the face's normal, times the part of
            the four pixels read that belong to the surface.
        disparity: (h, w) inverse depth, 1 at the nearest pixel, 0 at the farthest and outside.
    """

    pixel: Tensor
    pixels: SparseRead
    texel: Tensor
    texels: SparseRead
    weight: Tensor
    disparity: Tensor


@dataclass(kw_only=True)
class Mesh(Canvas):
    """A view is (azimuth, elevation) in degrees of a camera that looks at the object's middle.

    The canvas is the square texture. `project` reads it bilinearly, at a chart's border from the
    chart; pixels beside the object are `background`, so that it is affine and not linear unless
    that is 0. `scatter` gives every texel that a view sees the view's colour there, weighted by the
    cosine to the `sharpness`. Both sides of a face count.

    Args:
        sets: views of one step each, taken in turn.
        distance: of the camera, in radii of the object; None: the object fills the view.
    """

    model: MeshModel
    sets: tuple[Views, ...]
    fov: float = 60.0
    distance: float | None = None
    background: float = 0.0
    sharpness: float = 1.0
    raster: Backend = "auto"

    def __post_init__(self) -> None:
        self._charts = find_charts(self.model, self.height)
        vertices = self.model.fitted.to(self.device)
        self._rasterizer: Rasterizer = choose(self.raster, vertices, self.model.faces)
        self._corners = self.model.texel_position(self.height)
        self._pose = lru_cache(maxsize=64)(self._find)
        self._nearest = lru_cache(maxsize=16)(self._find_nearest)
        self._inwardness = lru_cache(maxsize=16)(self._find_inwardness)

    @property
    def charts(self) -> Charts:
        return self._charts

    def all_views(self) -> Views:
        """All sets together, each view once."""
        return tuple(dict.fromkeys(view for views in self.sets for view in views))

    def disjoint_views(self, step: int, rng: Rng) -> Views:
        """The sets in turn."""
        return self.sets[step % len(self.sets)]

    def random_views(self, count: int, rng: Rng) -> Views:
        """All around, between the lowest and the highest elevation of the sets."""
        elevations = [elevation for _, elevation in self.all_views()]
        azimuth = rng.uniform("azimuth", 0, 360, count)
        elevation = rng.uniform("elevation", min(elevations), max(elevations), count)
        return tuple(zip(azimuth, elevation, strict=True))

    def camera(self, view: View) -> Camera:
        azimuth, elevation = view
        fit = 1.05 / math.sin(math.radians(self.fov) / 2)
        return Camera(azimuth, elevation, self.distance or fit, self.fov, self.view_size)

    def project(self, z: Tensor, views: Views) -> Tensor:
        shape = len(z), self.view_size, self.view_size
        return torch.stack([self._show(z, view).view(shape) for view in views])

    def _show(self, z: Tensor, view: View) -> Tensor:
        pose = self._pose(view)
        empty = z.new_full((len(z), self.view_size**2), self.background)
        return empty.index_copy(1, pose.pixel, pose.pixels(z))

    def cover(self, views: Views) -> Tensor:
        """1 where a view sees the object, 0 beside it: (n, 1, h, w)."""
        mask = torch.zeros(len(views), self.view_size**2, device=self.device)
        for row, view in zip(mask, views, strict=True):
            row[self._pose(view).pixel] = 1
        return mask.view(-1, 1, self.view_size, self.view_size)

    def scatter(self, y: Tensor, views: Views) -> tuple[Tensor, Tensor]:
        total, count = (y.new_zeros(c, self.height * self.width) for c in (y.shape[1], 1))
        for image, view in zip(y, views, strict=True):
            pose = self._pose(view)
            weight = pose.weight.to(y) ** self.sharpness
            total.index_add_(1, pose.texel, pose.texels(image) * weight)
            count.index_add_(1, pose.texel, weight[None])
        size = (-1, self.height, self.width)
        return total.view(size), count.view(size)

    def average(self, y: Tensor, views: Views, old: Tensor | None) -> Tensor:
        """The weighted mean; without `old`, texels that no view sees take the nearest one's colour
        in space.
        """
        z = weighted_mean(*self.scatter(y, views), old)
        return z if old is not None else self.complete(z, views)

    def complete(self, z: Tensor, views: Views) -> Tensor:
        """Texels that none of the views sees as the nearest in space that one sees, and the texels
        beside the charts as the nearest of a chart.
        """
        return z.flatten(1)[:, self._nearest(views)].view_as(z)

    def inwardness(self, views: Views) -> Tensor:
        """Distance (n, 1, h, w) from what another view shows better, in parts of the largest.

        StochSync's released code; beside the object 1.
        """
        return self._inwardness(views)

    def disparity(self, views: Views) -> Tensor:
        """Inverse depth of the views (n, 1, h, w); see `Prior.with_depth`."""
        return torch.stack([self._pose(view).disparity for view in views])[:, None]

    def _find(self, view: View) -> Pose:
        """Looks at the mesh from a pose that was not met before."""
        camera = self.camera(view)
        hits = self._rasterizer.look(camera)
        texel, texels, weight = self._find_texels(camera, hits)
        disparity = self._find_disparity(hits)
        return Pose(hits.pixel, self._find_pixels(hits), texel, texels, weight, disparity)

    def _find_pixels(self, hits: Hits) -> SparseRead:
        """Where the pixels read the texture; texels beside the charts are read from the charts."""
        face = hits.face.cpu()
        column, row = (self._corners[face] * hits.weight.cpu()[..., None]).sum(1).unbind(1)
        close = doubly_periodic(self.height, self.width)
        read = bilinear_read(column, row, self.width, close)
        owned = SparseRead(self._charts.owner[read.index], read.weight)
        return owned.to(self.device)

    def _find_texels(self, camera: Camera, hits: Hits) -> tuple[Tensor, SparseRead, Tensor]:
        """Texels that the camera sees, where they read the view, and their cosines."""
        position, normal = self._charts.position, self._charts.normal
        towards = camera.position - position
        cosine = (normal * towards).sum(1) / towards.norm(dim=1)
        at, depth = camera.pixels(position)
        inside = ((at >= -0.5) & (at <= camera.size - 0.5)).all(1) & (cosine.abs() > 1e-3)
        near = inside.nonzero()[:, 0]
        lifted = position[near] + LIFT * normal[near] * cosine[near].sign()[:, None]
        near = near[~self._rasterizer.hidden(lifted.to(self.device), camera).cpu()]
        read, share = surface_read(camera, hits, at[near], depth[near], cosine[near].abs())
        seen = share > 0
        near, read = near[seen], SparseRead(read.index[:, seen], read.weight[:, seen])
        weight = (cosine[near].abs() * share[seen]).float().to(self.device)
        return self._charts.texel[near].to(self.device), read.to(self.device), weight

    def _find_disparity(self, hits: Hits) -> Tensor:
        near = 1 / hits.depth
        span = (near.max() - near.min()).clamp_min(1e-9) if len(near) else 1
        image = torch.zeros(self.view_size**2, device=self.device)
        image[hits.pixel] = ((near - near.min()) / span).float() if len(near) else near.float()
        return image.view(self.view_size, self.view_size)

    def seen(self, views: Views) -> Tensor:
        """Whether any of the views sees a texel: (H, W)."""
        mask = torch.zeros(self.height * self.width, dtype=torch.bool, device=self.device)
        for view in views:
            mask[self._pose(view).texel] = True
        return mask.view(self.height, self.width)

    def _find_nearest(self, views: Views) -> Tensor:
        """For every texel of the texture the one whose colour it takes."""
        texel, position = self._charts.texel, self._charts.position
        seen = self.seen(views).flatten().cpu()[texel]
        source = torch.arange(self.height * self.width)
        if seen.any() and not seen.all():
            _, found = cKDTree(position[seen].numpy()).query(position[~seen].numpy())
            source[texel[~seen]] = texel[seen][torch.from_numpy(found)]
        return source[self._charts.owner].to(self.device)

    def _find_inwardness(self, views: Views) -> Tensor:
        best = torch.zeros(1, self.height, self.width, device=self.device)
        owner = torch.full_like(best, -1)
        for number, view in enumerate(views):
            pose = self._pose(view)
            ahead = pose.weight > best.flatten()[pose.texel]
            texel = pose.texel[ahead]
            best.view(-1)[texel], owner.view(-1)[texel] = pose.weight[ahead], float(number)
        found = [self._distances(owner, number, view) for number, view in enumerate(views)]
        return torch.stack(found)[:, None]

    def _distances(self, owner: Tensor, number: int, view: View) -> Tensor:
        pose = self._pose(view)
        strongest = pose.pixels.weight.argmax(0, keepdim=True)
        read = owner.flatten()[pose.pixels.index.gather(0, strongest)[0]]
        own = torch.zeros(self.view_size**2, dtype=torch.bool)
        own[pose.pixel.cpu()] = ((read == number) | (read == -1)).cpu()
        size = self.view_size, self.view_size
        distance = torch.from_numpy(distance_transform_edt(own.view(size).numpy())).float()
        inner = (1.7 * distance / distance.max().clamp_min(1)).clamp(0, 1)
        inner = torch.where(self.cover((view,))[0, 0].cpu() > 0, inner, 1)
        pooled = -F.max_pool2d(-inner[None, None], self.factor)[0, 0]
        return pooled.to(self.device)


def surface_read(
    camera: Camera, hits: Hits, at: Tensor, depth: Tensor, cosine: Tensor
) -> tuple[SparseRead, Tensor]:
    """Bilinear reading of a view at positions `at` (m, 2), from pixels that see the same surface.

    A pixel beside the object, or on another part of it in front or behind, would bleed: it gets no
    weight. Returns also which part of the four pixels' weight is left: (m,).
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
