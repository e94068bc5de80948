"""Where an edit may change a picture: masks from the network's attention or its predictions."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from synclab.core.protocols import Cond, Prior, Rng

NOISES = 10
"""Draws of noise that the difference is averaged over, as in DiffEdit."""


def attention_mask(
    prior: Prior, states: Sequence[tuple[int, Tensor]], cond: Cond, places: Sequence[int]
) -> Tensor:
    """How much the network attends to some tokens (1, h, w) in [0, 1]; 0 without tokens.

    Cross-attention relative to its maximum, averaged over (time, state) pairs of the inversion and
    spread by the self-attention of the last layer (Lee et al. 2025, arXiv 2503.21555, App. A.2).
    """
    shape = prior.shape[-2:]
    if not places:
        return torch.zeros(1, *shape)
    maps, owns = [], []
    for t, x in states:
        cross, own = prior.attention(x[None], t, cond)
        words = cross[:, list(places)].mean(1, keepdim=True)
        maps.append(words / words.amax().clamp_min(1e-12))
        owns.append(own)
    return spread(torch.stack(maps).mean(0).clamp(0, 1), torch.stack(owns).mean(0), shape)


def spread(mask: Tensor, own: Tensor, shape: Sequence[int]) -> Tensor:
    """A mask (1, 1, h, w) averaged with the self-attention (1, p, p) as weights: (1, *shape)."""
    side = round(own.shape[-1] ** 0.5)
    coarse = F.adaptive_avg_pool2d(mask, side).flatten(2)
    smooth = (coarse @ own.transpose(1, 2)).unflatten(-1, (side, side))
    return F.interpolate(smooth, list(shape), mode="bilinear", align_corners=False)[0]


def difference_mask(prior: Prior, z: Tensor, source: Cond, target: Cond, rng: Rng) -> Tensor:
    """How much the predictions under two prompts differ (1, h, w), scaled to [0, 1].

    Couairon et al. 2023, "DiffEdit" (arXiv 2210.11427), step 1, at half of the times.
    """
    t, total = prior.schedule.last // 2, torch.zeros_like(z[:1])
    for _ in range(NOISES):
        x = prior.schedule.noise(z, rng.normal("mask", tuple(z.shape)), t)[None]
        both = (prior.predict(x, t, cond, 1.0) for cond in (source, target))
        total = total + (next(both) - next(both)).abs().mean(1)
    low, high = total.amin(), total.amax()
    return (total - low) / (high - low).clamp_min(1e-12)
