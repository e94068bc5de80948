"""One image as a sum of parts, each with its own text: the coarse and the fine, grey and colour.

Geng, Park and Owens, "Factorized Diffusion: Perceptual Illusions by Noise Decomposition", 2024
(arXiv 2404.11615), eq. 4 and 5. The views all see the whole image; gathering takes from each view
its part only, so what is averaged (noise with Visual Anagrams' method, x0 with SyncTweedies) is the
sum of the parts.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from synclab.core.protocols import Rng, Views
from synclab.spaces.canvas import Canvas

Split = Callable[[Tensor], tuple[Tensor, ...]]
"""Splits images (n, c, h, w) into parts that add up to them, by linear operations."""


@dataclass(kw_only=True)
class Factors(Canvas):
    """A view is (i,): the whole canvas, of which part i counts."""

    parts: str

    def all_views(self) -> Views:
        return tuple((float(i),) for i in range(count(self.parts)))

    def random_views(self, count: int, rng: Rng) -> Views:
        views = self.all_views()
        return tuple(views[rng.integer("views", 0, len(views) - 1)] for _ in range(count))

    def project(self, z: Tensor, views: Views) -> Tensor:
        return z.expand(len(views), *self.shape)

    def scatter(self, y: Tensor, views: Views) -> tuple[Tensor, Tensor]:
        """The sum of the parts that the views show, each the mean of its views; weight 1."""
        shown, split = numbers(views), PARTS[self.parts](y)
        parts = [split[part][n] / shown.count(part) for n, part in enumerate(shown)]
        return torch.stack(parts).sum(0), torch.ones_like(y[0, :1])

    def average(self, y: Tensor, views: Views, old: Tensor | None) -> Tensor:
        """The parts that the views show, and those of the `old` state that they do not."""
        z, _ = self.scatter(y, views)
        if old is None:
            return z
        kept = enumerate(PARTS[self.parts](old.to(y)[None]))
        return z + sum(part[0] for i, part in kept if i not in numbers(views))


def numbers(views: Views) -> list[int]:
    """The part that each view shows."""
    return [int(view[0]) for view in views]


def count(parts: str) -> int:
    """How many parts a decomposition has."""
    return len(PARTS[parts](torch.zeros(1, 3, 64, 64)))


def frequencies(y: Tensor) -> tuple[Tensor, ...]:
    """Coarse, then fine structure: a hybrid image, read from afar and from close by."""
    coarse = blur(y, 2.0)
    return coarse, y - coarse


def three_frequencies(y: Tensor) -> tuple[Tensor, ...]:
    """Coarse, middle and fine structure."""
    coarse, smooth = blur(y, 2.0), blur(y, 1.0)
    return coarse, smooth - coarse, y - smooth


def colour(y: Tensor) -> tuple[Tensor, ...]:
    """The grey image, then what colour adds."""
    grey = y.mean(1, keepdim=True).expand_as(y)
    return grey, y - grey


def motion(y: Tensor) -> tuple[Tensor, ...]:
    """The image moved along its diagonal, then what the movement hides."""
    reach = max(1, y.shape[-1] * 29 // 128)
    moved = torch.stack(
        [torch.roll(y, (k, k), (-2, -1)) for k in range(-(reach // 2), reach // 2 + 1)]
    )
    return moved.mean(0), y - moved.mean(0)


def blur(y: Tensor, sigma: float) -> Tensor:
    """A Gaussian of `sigma` pixels at 64 x 64, and as many parts of the image at other sizes."""
    width = sigma * y.shape[-1] / 64
    reach = min(math.ceil(4 * width), y.shape[-1] - 1)
    offset = torch.arange(-reach, reach + 1).to(y)
    kernel = torch.exp(-(offset**2) / (2 * width**2))
    weight = (kernel / kernel.sum()).expand(y.shape[1], 1, -1)
    padded = F.pad(y, [reach] * 4, mode="reflect")
    across = F.conv2d(padded, weight[:, :, None, :], groups=y.shape[1])
    return F.conv2d(across, weight[:, :, :, None], groups=y.shape[1])


PARTS: Mapping[str, Split] = {
    "frequencies": frequencies,
    "three_frequencies": three_frequencies,
    "colour": colour,
    "motion": motion,
}
