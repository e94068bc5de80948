"""LPIPS from the activations of any network: pairs, the background alone, one image's own crops.

Zhang et al., The Unreasonable Effectiveness of Deep Features (1801.03924), eq. 1.
"""

from collections.abc import Callable, Sequence
from itertools import combinations

import torch
from torch import Tensor

from synclab.errors import UserError

Layers = Sequence[Tensor]
"""Activations (n, c, h, w) of n images, one tensor for each layer of a network."""

TINY = 1e-10  # the reference code's


def distance(first: Layers, second: Layers, weights: Layers | None = None) -> Tensor:
    """Distance of each pair of images: (n,), 0 for equal ones.

    Args: activations of both; `weights` (c,) of each layer's channels, one where there are none.
    """
    weights = [layer.new_ones(layer.shape[1]) for layer in first] if weights is None else weights
    total = torch.zeros(len(first[0]), dtype=first[0].dtype)
    for a, b, weight in zip(first, second, weights, strict=True):
        squares = (_unit(a) - _unit(b)).square() * weight.view(1, -1, 1, 1)
        total = total + squares.sum(1).mean((1, 2)).to(total)
    return total


def _unit(layer: Tensor) -> Tensor:
    return layer / (layer.norm(dim=1, keepdim=True) + TINY)


def background_distance(
    network: Callable[[Tensor], Layers], source: Tensor, edited: Tensor, mask: Tensor
) -> Tensor:
    """BG-LPIPS (Pix2pix-zero, 2302.03027): change outside of the edited object, (n,).

    Args: images (n, 3, h, w); `mask` (n, 1, h, w), 1 on the object, which is blackened in both.
    """
    return distance(network(source * (1 - mask)), network(edited * (1 - mask)))


def intra_distance(crops: Layers, weights: Layers | None = None) -> float:
    """Intra-LPIPS (SyncDiffusion, 2306.05178): mean over all pairs of one image's n >= 2 crops.

    Lower is more coherent; a blank image has 0.
    """
    first, second = pairs(len(crops[0]), "intra_lpips")
    a, b = [layer[first] for layer in crops], [layer[second] for layer in crops]
    return float(distance(a, b, weights).mean())


def pairs(count: int, metric: str) -> tuple[list[int], list[int]]:
    """Indices of all pairs of `count` crops."""
    if count < 2:
        raise UserError(f"{metric}: {count} crops; expected at least 2, a wider image")
    first, second = zip(*combinations(range(count), 2), strict=True)
    return list(first), list(second)
