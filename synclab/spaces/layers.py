"""A wide image in layers: every crop is seen once for each prompt, which counts in its own region.

The region-based control of MultiDiffusion (Bar-Tal et al. 2023, eq. 5 with masks as weights).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from synclab.core.protocols import Rng, Space, Views
from synclab.spaces.wide import Wide


@dataclass(kw_only=True)
class Layers(Wide):
    """A view is (column, row, layer); layer 0 is the background, the others are regions over it.

    Args:
        weights: (layers, H, W) >= 0, how much each layer counts in every cell.
        backdrops: makes instance states (k, c, h, w) of solid colours; see `beside`.
    """

    weights: Tensor
    backdrops: Callable[[], Tensor]

    def all_views(self) -> Views:
        return self.in_layers(super().all_views())

    def disjoint_views(self, step: int, rng: Rng) -> Views:
        """Layers hardly overlap, so the tiles of all layers together are disjoint."""
        return self.in_layers(super().disjoint_views(step, rng))

    def shifted_views(self, rng: Rng) -> Views:
        return self.in_layers(super().shifted_views(rng))

    def overlaps(self) -> Sequence[tuple[Space, Views]]:
        return [(space, self.in_layers(views)) for space, views in super().overlaps()]

    def around_overlaps(self) -> tuple[int, Views]:
        width, views = super().around_overlaps()
        return width, self.in_layers(views)

    def random_views(self, count: int, rng: Rng) -> Views:
        crops = super().random_views(count, rng)
        return tuple((*view, float(rng.integer("layer", 0, self.top))) for view in crops)

    @property
    def top(self) -> int:
        """Number of the last layer."""
        return len(self.weights) - 1

    def in_layers(self, crops: Views) -> Views:
        return tuple((*view, float(layer)) for view in crops for layer in range(self.top + 1))

    def project(self, z: Tensor, views: Views) -> Tensor:
        """The whole crop for every layer; gradients reach only the region of the layer."""
        x = super().project(z, views)
        if not x.requires_grad:
            return x
        own = self.own(views).to(x)
        return own * x + (1 - own) * x.detach()

    def scatter(self, y: Tensor, views: Views) -> tuple[Tensor, Tensor]:
        """Weighted sum of the views, and the weights (1, H, W)."""
        own = self.own(views).to(y)
        total, _ = super().scatter(y * own, views)
        weight, _ = super().scatter(own.expand_as(y), views)
        return total, weight[:1]

    def own(self, views: Views) -> Tensor:
        """Weights (n, 1, h, w) of the views' pixels."""
        layers = torch.tensor([int(view[2]) for view in views], device=self.weights.device)
        rows, columns = self._cells(views, self.weights)
        return self.weights[layers[:, None, None], rows, columns][:, None]

    def beside(self, views: Views, rng: Rng) -> tuple[Tensor, Tensor]:
        """Solid colours around the regions of the views; the background keeps what it sees."""
        solid = self.backdrops()
        drawn = [rng.integer("backdrop", 0, len(solid) - 1) for _ in views]
        background = torch.tensor([view[2] == 0 for view in views], device=self.weights.device)
        region = torch.where(background[:, None, None, None], 1, self.own(views))
        return solid[drawn], region
