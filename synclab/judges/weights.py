"""Weights of the embedded judges: fp16 in a file, fp32 in memory."""

from pathlib import Path
from typing import TypeVar

from torch import nn

NAME = "model.safetensors"

Network = TypeVar("Network", bound=nn.Module)


def load_half(network: Network, folder: str | Path) -> Network:
    """The network with the weights of `folder/model.safetensors`, in evaluation mode."""
    from safetensors.torch import load_file

    state = load_file(Path(folder) / NAME)
    network.load_state_dict({name: value.float() for name, value in state.items()})
    return network.eval().requires_grad_(False)


def save_half(network: nn.Module, folder: str | Path) -> None:
    """Writes `folder/model.safetensors` in half precision."""
    from safetensors.torch import save_file

    Path(folder).mkdir(parents=True, exist_ok=True)
    state = {name: value.half().contiguous() for name, value in network.state_dict().items()}
    save_file(state, Path(folder) / NAME)
