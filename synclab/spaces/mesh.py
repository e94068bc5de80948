"""The texture of a mesh, seen by cameras around it."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from synclab.core.protocols import View, Views
from synclab.spaces.mesh_maps import MeshMaps
from synclab.spaces.orbit import Orbit

Gather = Literal["mean", "best"]


@dataclass(kw_only=True)
class Mesh(Orbit):
    """The canvas is the square texture of a mesh.

    `project` samples it bilinearly without mixing in texels from outside the charts; pixels that
    miss the object are `background`, so projection is affine unless that is 0. `scatter` gives
    every texel that a view sees the view's colour there, weighted by the cosine between normal and
    viewing direction to the power `sharpness`. Faces are two-sided.

    With `gather` "best" a texel takes the colour of the view with the largest cosine only, as in
    StochSync's released code.
    """

    maps: MeshMaps
    background: float = 0.0
    sharpness: float = 1.0
    gather: Gather = "mean"

    def show(self, z: Tensor, view: View) -> Tensor:
        pose = self.maps.pose(view)
        empty = z.new_full((len(z), self.view_size**2), self.background)
        return empty.index_copy(1, pose.pixel, pose.pixels(z))

    def project_noise(self, noise: Tensor, views: Views) -> Tensor:
        """The texel nearest to each pixel: means of texels have less variance. Beside the object,
        texels that the view does not see.
        """
        cells = torch.stack([self._noise_cells(view) for view in views])
        return noise.flatten(1)[:, cells].transpose(0, 1)

    def _noise_cells(self, view: View) -> Tensor:
        """The texel (h, w) whose noise a pixel has; beside the object all are different, unless
        the texture has fewer than the view has pixels.
        """
        pose, count = self.maps.pose(view), self.view_size**2
        seen = pose.pixels.nearest()
        free = torch.ones(self.height * self.width, dtype=torch.bool, device=seen.device)
        free[seen] = False
        others = free.nonzero()[:, 0]
        cells = others[torch.arange(count, device=seen.device) % len(others)]
        cells[pose.pixel] = seen
        return cells.view(self.view_size, self.view_size)

    def cover(self, views: Views) -> Tensor:
        """1 where a view sees the object, 0 beside it: (n, 1, h, w)."""
        mask = torch.zeros(len(views), self.view_size**2, device=self.device)
        for row, view in zip(mask, views, strict=True):
            row[self.maps.pose(view).pixel] = 1
        return mask.view(-1, 1, self.view_size, self.view_size)

    def scatter(self, y: Tensor, views: Views) -> tuple[Tensor, Tensor]:
        total, count = (y.new_zeros(c, self.height * self.width) for c in (y.shape[1], 1))
        for image, view in zip(y, views, strict=True):
            pose = self.maps.pose(view)
            weight, colour = pose.weight.to(y) ** self.sharpness, pose.texels(image)
            if self.gather == "best":  # of equal cosines, the later view
                ahead = weight >= count[0, pose.texel]
                texel, weight = pose.texel[ahead], weight[ahead]
                total[:, texel], count[0, texel] = colour[:, ahead] * weight, weight
            else:
                total.index_add_(1, pose.texel, colour * weight)
                count.index_add_(1, pose.texel, weight[None])
        size = (-1, self.height, self.width)
        return total.view(size), count.view(size)

    def trust(self, views: Views) -> Tensor:
        """Weight (H, W) of a texel's new value: lower at grazing angles, 1 where no view of any
        step sees the texel better.

        As in StochSync's released code, which compares with the steps so far, not with all views.
        """
        here, anywhere = self.maps.best(views), self.maps.best(self.all_views())
        return torch.where(here >= anywhere, 1, ((here - 0.1) / 0.4).clamp(0, 1))

    def complete(self, z: Tensor, views: Views) -> Tensor:
        """Fills texels that no view sees with the nearest seen texel in 3D, and texels outside the
        charts with the nearest texel of a chart.
        """
        return z.flatten(1)[:, self.maps.nearest(views)].view_as(z)

    def inwardness(self, views: Views) -> Tensor:
        """Normalised distance (n, 1, h, w) from the pixels that another view sees better.

        As in StochSync's released code; 1 where the view misses the object.
        """
        return self.maps.inwardness(views)

    def disparity(self, views: Views) -> Tensor:
        """Inverse depth of the views (n, 1, h, w); see `Prior.with_depth`."""
        return torch.stack([self.maps.pose(view).disparity for view in views])[:, None]
