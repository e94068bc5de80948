"""A zoom into a scene: a stack of levels, each showing the centre of the one before, enlarged.

Wang et al., "Generative Powers of Ten", 2024 (arXiv 2312.02149), section 4: the zoom stack,
rendering of images and of noise (Alg. 1), multi-resolution blending.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from torch import Tensor

from synclab.core.protocols import Rng, Views
from synclab.spaces.canvas import Canvas
from synclab.spaces.pyramid import pyramid, rebuild, shrink

Sampling = Literal["area", "nearest"]


@dataclass(kw_only=True)
class Zoom(Canvas):
    """A view is (level,). The canvas holds square levels side by side, the widest at the left.

    Level i covers the central 1 / `magnification`^i of level 0 along each side. Its centre is
    hidden behind the next level, which `project` shows there in the size that it has at level i:
    each pixel is the mean of the pixels that it covers ("area"), or one of them ("nearest").

    With "area", `average` blends views at every spatial frequency, and fills the hidden centres
    with what `project` shows there: the result is the views themselves, side by side. With
    "nearest", which noisy states need because means take variance away, it is the mean over the
    pixels that show a cell, and hidden cells are unseen.
    """

    magnification: int = 2
    sampling: Sampling = "area"

    @property
    def levels(self) -> int:
        """Number of levels."""
        return self.width // self.height

    def all_views(self) -> Views:
        """From the closest level to the widest: methods that take views in turn paint outwards."""
        return tuple((float(level),) for level in reversed(range(self.levels)))

    def disjoint_views(self, step: int, rng: Rng) -> Views:
        """One level after the other, from the widest: every level overlaps all others."""
        return ((float(step % self.levels),),)

    def random_views(self, count: int, rng: Rng) -> Views:
        last = self.levels - 1
        return tuple((float(rng.integer("views", 0, last)),) for _ in range(count))

    def project(self, z: Tensor, views: Views) -> Tensor:
        """Pi_image of Alg. 1."""
        smaller = shrink if self.sampling == "area" else pick
        return self._render(z, partial(smaller, p=self.magnification))[numbers(views)]

    def project_noise(self, noise: Tensor, views: Views) -> Tensor:
        """Pi_noise of Alg. 1: p times the mean of p x p pixels has unit variance again."""
        if self.sampling == "nearest":
            return self.project(noise, views)
        p = self.magnification
        return self._render(noise, lambda x: p * shrink(x, p))[numbers(views)]

    def average(self, y: Tensor, views: Views, old: Tensor | None) -> Tensor:
        if self.sampling == "nearest":
            return super().average(y, views, old)
        before = self._levels(y.new_zeros(self.shape) if old is None else old.to(y))
        seen = list(zip(numbers(views), y, strict=True))
        z = side_by_side([self._blend(own, i, seen) for i, own in enumerate(before)])
        return side_by_side(self._render(z, partial(shrink, p=self.magnification)))

    def inwardness(self, views: Views) -> Tensor:
        """1 everywhere in the widest level, which has nothing around it (n, 1, h, w)."""
        inner, outer = self.from_borders(), super().inwardness(views)
        return torch.stack([inner if level else outer for level in numbers(views)])[:, None]

    def _render(self, z: Tensor, smaller: Callable[[Tensor], Tensor]) -> Tensor:
        """All levels (n, c, h, w), each with the next in its centre."""
        *wider, closest = self._levels(z)
        seen = [closest]
        for level in reversed(wider):
            seen.append(with_centre(level, smaller(seen[-1])))
        return torch.stack(seen[::-1])

    def _blend(self, own: Tensor, i: int, seen: list[tuple[int, Tensor]]) -> Tensor:
        """Level i: at every frequency the mean of the views that show the level and resolve it.

        Frequencies that none resolves are those of the level's `own` old state.
        """
        p, limit = self.magnification, reach(self.view_size, self.magnification)
        shown = [(i - level, x) for level, x in seen if 0 <= i - level <= limit]
        if not shown:
            return own
        bottom = max(depth for depth, _ in shown)
        parts = [(d, pyramid(cut_centre(x, p**d), p, bottom - d)) for d, x in shown]
        blended = pyramid(own, p, bottom)
        for k in range(bottom + 1):
            same = [bands[k - depth] for depth, bands in parts if depth <= k]
            blended[k] = torch.stack(same).mean(0) if same else blended[k]
        return rebuild(blended, p)

    def _levels(self, z: Tensor) -> tuple[Tensor, ...]:
        """The levels (c, h, w) of a stack of any resolution."""
        return z.tensor_split(self.levels, -1)


def numbers(views: Views) -> list[int]:
    """The level of each view."""
    return [int(view[0]) for view in views]


def side_by_side(levels: Tensor | list[Tensor]) -> Tensor:
    """Levels (c, h, w) as a canvas (c, h, n w)."""
    return torch.cat(list(levels), -1)


def pick(x: Tensor, p: int) -> Tensor:
    """One of every p x p pixels: (c, h, w) -> (c, h / p, w / p)."""
    return x[..., p // 2 :: p, p // 2 :: p]


def cut_centre(x: Tensor, times: int) -> Tensor:
    """The central 1 / `times` of x (c, h, w) along each side."""
    side = x.shape[-1] // times
    start = (x.shape[-1] - side) // 2
    return x[..., start : start + side, start : start + side]


def with_centre(x: Tensor, inner: Tensor) -> Tensor:
    """A copy of x (c, h, w) with `inner` in its centre."""
    seen, start = x.clone(), (x.shape[-1] - inner.shape[-1]) // 2
    seen[..., start : start + inner.shape[-2], start : start + inner.shape[-1]] = inner
    return seen


def reach(size: int, p: int) -> int:
    """How many levels deeper a view of `size` pixels still shows in whole, centred pixels."""
    side, depth = size, 0
    while side % p == 0 and (size - side // p) % 2 == 0:
        side, depth = side // p, depth + 1
    return depth
