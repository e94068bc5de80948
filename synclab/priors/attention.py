"""Records the attention maps of a UNet of diffusers during one prediction."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

COARSE = 16 * 16
"""Largest number of places of the cross-attention maps that are kept (Tang et al. 2023, DAAM)."""


@dataclass
class Maps:
    """Attention of each layer, averaged over its heads: (n, places, tokens or places)."""

    crosses: list[Tensor] = field(default_factory=list)
    owns: list[Tensor] = field(default_factory=list)

    def cross(self, size: torch.Size) -> Tensor:
        """Mean over layers of the cross-attention, resized: (n, tokens, h, w)."""
        squares = [square(each.transpose(1, 2)) for each in self.crosses]
        resized = [F.interpolate(each, size, mode="bicubic") for each in squares]
        return torch.stack(resized).mean(0)

    def own(self) -> Tensor:
        """The self-attention of the last layer on the way up (n, p, p)."""
        return self.owns[-1]


def square(places: Tensor) -> Tensor:
    """(n, c, p) as (n, c, sqrt p, sqrt p): the views of all priors are square."""
    side = round(places.shape[-1] ** 0.5)
    return places.unflatten(-1, (side, side))


class Recorder:
    """An attention processor that calls another one and keeps the attention of its inputs.

    The prediction is that of the other processor, bit for bit.
    """

    def __init__(self, inner: Any, maps: Maps) -> None:
        self.inner, self.maps = inner, maps

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        *rest: Any,
        **options: Any,
    ) -> Tensor:
        if encoder_hidden_states is None:
            self.maps.owns.append(attention(attn, hidden_states, hidden_states))
        elif hidden_states.shape[1] <= COARSE:
            self.maps.crosses.append(attention(attn, hidden_states, encoder_hidden_states))
        return self.inner(
            attn, hidden_states, encoder_hidden_states, attention_mask, *rest, **options
        )


def attention(attn: Any, places: Tensor, context: Tensor) -> Tensor:
    """Attention from places (n, p, d) to a context (n, q, e), averaged over heads: (n, p, q)."""
    query = attn.head_to_batch_dim(attn.to_q(places))
    key = attn.head_to_batch_dim(attn.to_k(context))
    return attn.get_attention_scores(query, key).unflatten(0, (len(places), -1)).mean(1).float()


@contextmanager
def recorded(unet: Any) -> Iterator[Maps]:
    """Records within the block; afterwards, also after an error, the processors are as before."""
    before, maps = unet.attn_processors, Maps()
    try:
        unet.set_attn_processor({name: Recorder(own, maps) for name, own in before.items()})
        yield maps
    finally:
        unet.set_attn_processor(before)
