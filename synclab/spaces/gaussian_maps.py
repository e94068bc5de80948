"""Maps between views of 3D Gaussians and their colours, computed once per pose and shared."""

from functools import lru_cache

import torch
from torch import Tensor

from synclab.core.protocols import View, Views
from synclab.spaces.disparity import normalised_disparity
from synclab.spaces.nearest import nearest_seen
from synclab.spaces.ownership import distance_within
from synclab.spaces.rig import Rig
from synclab.spaces.splatting.choice import choose
from synclab.spaces.splatting.cloud import GaussianCloud
from synclab.spaces.splatting.splatter import Backend, Blending

SEEN = 1e-3
"""Pixels that a Gaussian must fill to count as seen."""


class GaussianMaps:
    """Blending of a cloud's Gaussians in its views; the last 64 poses are cached.

    A pose of 128 pixels and 20,000 Gaussians takes about 8 MB.
    """

    def __init__(
        self, cloud: GaussianCloud, rig: Rig, splatter: Backend = "auto", device: str = "cpu"
    ) -> None:
        self.cloud, self.rig, self.device = cloud.fitted.to(device), rig, device
        self.splatter = choose(splatter, self.cloud)
        self.pose = lru_cache(maxsize=64)(self._find)
        self.area = lru_cache(maxsize=64)(self._find_area)
        self.best = lru_cache(maxsize=16)(self._find_best)
        self.nearest = lru_cache(maxsize=16)(self._find_nearest)
        self.inwardness = lru_cache(maxsize=16)(self._find_inwardness)

    def _find(self, view: View) -> Blending:
        return self.splatter.look(self.rig.camera(view))

    def _find_area(self, view: View) -> Tensor:
        """Pixels (n,) that each Gaussian fills in a view: its weights times their coverage."""
        blending = self.pose(view)
        return blending.transpose(blending.coverage[None])[0]

    def _find_best(self, views: Views) -> Tensor:
        """The largest area (n,) of each Gaussian in any of the views."""
        return torch.stack([self.area(view) for view in views]).amax(0)

    def _find_nearest(self, views: Views) -> Tensor:
        """Index (n,) of the nearest Gaussian that any of the views sees; itself if it is seen."""
        seen = (self.best(views) >= SEEN).cpu()
        return nearest_seen(self.cloud.means.cpu(), seen).to(self.device)

    def _find_inwardness(self, views: Views) -> Tensor:
        """Distance (n, 1, h, w) of pixels from those that another view sees better."""
        areas = torch.stack([self.area(view) for view in views])
        owner = torch.where(areas.amax(0) >= SEEN, areas.argmax(0), -1)
        found = [self._distances(owner, number, view) for number, view in enumerate(views)]
        return torch.stack(found)[:, None]

    def _distances(self, owner: Tensor, number: int, view: View) -> Tensor:
        blending = self.pose(view)
        mine = ((owner == number) | (owner == -1)).float()[None]
        share, covered = blending.read(mine)[0], blending.coverage > 0.5
        own = covered & (share >= 0.5 * blending.coverage)
        return distance_within(own, covered, self.rig.size, self.rig.factor)

    def disparity(self, view: View) -> Tensor:
        """Inverse depth (h, w), 1 at the nearest pixel, 0 at the farthest and outside."""
        blending = self.pose(view)
        pixel = (blending.coverage > 0.5).nonzero()[:, 0]
        return normalised_disparity(pixel, blending.depth[pixel], self.rig.size)
