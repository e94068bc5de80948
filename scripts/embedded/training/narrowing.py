"""First weights of a narrow UNet: every n-th channel of a wide one with the same blocks.

Xu et al. 2024, "Initializing Models with Larger Ones" (arXiv 2311.18823).
"""

from typing import Any

import torch
from torch import Tensor

OUTER = ("conv_in", "conv_out")
"""First and last layer: their channels mean other things in another model, and are not copied."""


@torch.no_grad()
def select_weights(narrow: Any, wide: Any) -> None:
    """Copies a selection of the weights of `wide` into `narrow`.

    Channels are evenly spaced, so groups of a norm and heads of an attention stay together.
    """
    given = wide.state_dict()
    for name, parameter in narrow.named_parameters():
        if not name.startswith(OUTER):
            value = given[name].float()
            for axis in range(min(parameter.ndim, 2)):
                own, other = (below(name, axis, unet) for unet in (narrow, wide))
                channels = evenly(parameter.shape[axis], own, value.shape[axis], other)
                value = value.index_select(axis, channels)
            parameter.copy_(value)


def evenly(count: int, first: int, total: int, given: int) -> Tensor:
    """`count` of `total` indices: `first` among the first `given`, and the others after them."""
    before = torch.arange(first) * given // max(first, 1)
    after = torch.arange(count - first) * (total - given) // max(count - first, 1)
    return torch.cat([before, given + after])


def below(name: str, axis: int, unet: Any) -> int:
    """How many of a layer's inputs come from the block below and not from a skip; 0 without skip.

    A residual block on the way up sees both, joined in this order.
    """
    room, block, kind, number, *layer = [*name.split("."), "", "", "", ""][:7]
    inputs = layer[0] == "norm1" or (layer[0] in ("conv1", "conv_shortcut") and axis == 1)
    if (room, kind) != ("up_blocks", "resnets") or not inputs:
        return 0
    widths = unet.config.block_out_channels[::-1]
    return widths[max(int(block) - 1, 0)] if number == "0" else widths[int(block)]
