"""A long motion: segments of one strip of frames, each with a text of its own.

The strip is a canvas one cell high: (263, 1, F), the features of F frames as channels. With `ring`
the last segment goes on into the first; features describe ways from frame to frame, so where the
motion begins in the world does not matter.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from synclab.core.protocols import Rng, Space, View, Views
from synclab.spaces.wide import Wide

UNTOLD = -1
"""Number in place of a text's for views that belong to no single segment."""


@dataclass(kw_only=True)
class Segments(Wide):
    """A view is (frame, 0, text): its first frame, and the number of the segment whose text it has.

    `view_size` is the length of a segment, `stride` the frames from one to the next.
    """

    def all_views(self) -> Views:
        return self._told(super().all_views())

    @property
    def segments(self) -> int:
        """Number of segments."""
        return len(Wide.all_views(self))

    def disjoint_views(self, step: int, rng: Rng) -> Views:
        """Segments in turn: those that do not overlap, such as every other one.

        On a ring whose segments do not divide into equal turns, those at its end have their own.
        """
        turns = math.ceil(self.view_size / int(self.stride))
        whole = self.segments - self.segments % turns if self.ring else self.segments
        views = self.all_views()
        sets = [views[first:whole:turns] for first in range(turns)]
        sets = [*filter(None, sets), *((view,) for view in views[whole:])]
        return sets[step % len(sets)]

    def shifted_views(self, rng: Rng) -> Views:
        return self._told(super().shifted_views(rng))

    def overlaps(self) -> Sequence[tuple[Space, Views]]:
        return [(part, self._untold(views)) for part, views in super().overlaps()]

    def around_overlaps(self) -> tuple[int, Views]:
        width, views = super().around_overlaps()
        return width, self._untold(views)

    def random_views(self, count: int, rng: Rng) -> Views:
        return self._told(super().random_views(count, rng))

    def inwardness(self, views: Views) -> Tensor:
        """A ramp over the overlaps, 1 between them and at the ends of an open strip: (n, 1, 1, F).

        On what two segments share, their values sum to 1.
        """
        overlap = self.view_size - int(self.stride)
        frame = torch.arange(self.view_size, device=self.device) + 0.5
        ramp = (frame / overlap).clamp_max(1) if overlap else torch.ones_like(frame)
        last = self.width - self.view_size
        rows = []
        for view in views:
            begins, ends = (not self.ring and view[0] == end for end in (0, last))
            start = torch.ones_like(ramp) if begins else ramp
            rows.append(torch.minimum(start, torch.ones_like(ramp) if ends else ramp.flip(0)))
        return torch.stack(rows)[:, None, None]

    def _told(self, crops: Views) -> Views:
        """Crops with the text of the segment that holds most of each."""
        return tuple((*view, float(self._nearest(view))) for view in crops)

    def _nearest(self, view: View) -> int:
        number = math.floor(view[0] / int(self.stride) + 0.5)
        return number % self.segments if self.ring else min(number, self.segments - 1)

    def _untold(self, crops: Views) -> Views:
        return tuple((*view, float(UNTOLD)) for view in crops)
