"""Networks for inference only."""

from typing import Any

from torch import nn


def frozen(module: nn.Module) -> Any:
    """Puts a network into evaluation mode; its weights require no gradient.

    Returns `Any`, since diffusers and transformers do not type their calls and configurations.
    """
    return module.eval().requires_grad_(False)
