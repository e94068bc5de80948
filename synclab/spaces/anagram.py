"""An ambiguous image: orthogonal views of one square canvas, each with its own prompt."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from synclab.core.protocols import Rng, Views
from synclab.spaces.canvas import Canvas
from synclab.spaces.transforms import TRANSFORMS


@dataclass(kw_only=True)
class Anagram(Canvas):
    """A view is (i,), the i-th of the named `transforms`.

    `offset` is the fixed point of negation: 0 for latents and noise, 1/2 for colours in [0, 1].
    """

    transforms: tuple[str, ...]
    offset: float = 0.0
    _order: Tensor = field(init=False, repr=False)
    _sign: Tensor = field(init=False, repr=False)

    def __post_init__(self) -> None:
        cells = torch.arange(self.height * self.width).view(self.height, self.width)
        orders = [TRANSFORMS[name](cells).flatten() for name in self.transforms]
        signs = [-1.0 if name == "negate" else 1.0 for name in self.transforms]
        self._order = torch.stack(orders).to(self.device)
        self._sign = torch.tensor(signs, device=self.device)

    def all_views(self) -> Views:
        return tuple((float(i),) for i in range(len(self.transforms)))

    def disjoint_views(self, step: int, rng: Rng) -> Views:
        """One view after the other: each covers the whole canvas."""
        return ((float(step % len(self.transforms)),),)

    def random_views(self, count: int, rng: Rng) -> Views:
        last = len(self.transforms) - 1
        return tuple((float(rng.integer("views", 0, last)),) for _ in range(count))

    def project(self, z: Tensor, views: Views) -> Tensor:
        order, sign = self._of(views, z)
        seen = (z.flatten(1) - self.offset)[:, order].transpose(0, 1) * sign + self.offset
        return seen.unflatten(-1, self.shape[1:])

    def scatter(self, y: Tensor, views: Views) -> tuple[Tensor, Tensor]:
        order, sign = self._of(views, y)
        values = (y.flatten(2) - self.offset) * sign + self.offset
        total = torch.zeros_like(values[0])
        for own, cells in zip(values, order, strict=True):
            total[:, cells] += own
        return total.view(self.shape), y.new_full((1, *self.shape[1:]), float(len(views)))

    def _of(self, views: Views, like: Tensor) -> tuple[Tensor, Tensor]:
        """Cells (n, h w) and signs (n, 1, 1) of the views."""
        index = [int(view[0]) for view in views]
        return self._order[index], self._sign[index].to(like)[:, None, None]
