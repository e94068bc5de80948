"""Low-rank adaptation of a frozen denoiser (LoRA, Hu et al. 2021, 2106.09685), to be trained."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.utils.parametrize import register_parametrization

from synclab.priors.lora import BASE, read


class Change(nn.Module):
    """A layer's weight W as W + B A: zero change at first, and none while it is off."""

    def __init__(self, weight: Tensor, rank: int) -> None:
        super().__init__()
        inputs, ones = weight.shape[1:], (1,) * (weight.ndim - 2)
        self.on = True
        self.down = nn.Parameter(torch.empty(rank, *inputs))
        self.up = nn.Parameter(torch.zeros(len(weight), rank, *ones))
        nn.init.kaiming_uniform_(self.down, a=5**0.5)  # as torch begins its own layers

    def forward(self, weight: Tensor) -> Tensor:
        if not self.on:
            return weight
        up, down = self.up.flatten(1).to(weight), self.down.flatten(1).to(weight)
        return weight + (up @ down).view_as(weight)

    @torch.no_grad()
    def set(self, down: Tensor, up: Tensor) -> None:
        """Takes factors of its own shapes."""
        self.down.copy_(down)
        self.up.copy_(up)


class LowRank(nn.Module):
    """Changes of all linear layers and convolutions of a network, whose own weights stay.

    The network's calls include the changes, except inside `off()`.
    """

    def __init__(self, network: nn.Module, rank: int) -> None:
        super().__init__()
        self.changes: dict[str, Change] = {}
        for name, layer in list(network.named_modules()):  # which registering adds to
            if isinstance(layer, nn.Linear | nn.Conv2d):
                self.changes[name] = Change(layer.weight, rank)
                register_parametrization(layer, "weight", self.changes[name])
        self.registered = nn.ModuleList(self.changes.values())

    @contextmanager
    def off(self) -> Iterator[None]:
        """The network without the changes."""
        self.switch(False)
        try:
            yield
        finally:
            self.switch(True)

    def switch(self, on: bool) -> None:
        for change in self.changes.values():
            change.on = on

    def load(self, file: Path, base: str | None) -> None:
        """Begins with the factors that `save` wrote, of the same layers and rank.

        Raises: UserError if the file is not readable, or names another network than `base`.
        """
        saved = read(str(file), base)
        for name, change in self.changes.items():
            parts = saved[name.replace(".", "_")]
            change.set(parts["down"], parts["up"])

    def save(self, file: Path, base: str | None) -> None:
        """Writes the factors in half precision, under the names that diffusers gives them.

        base: SHA-256 of the network's own file, kept in the metadata.
        """
        weights: dict[str, Tensor] = {}
        for name, change in self.changes.items():
            weights[f"unet.{name}.lora_A.weight"] = change.down.detach().half().cpu()
            weights[f"unet.{name}.lora_B.weight"] = change.up.detach().half().cpu()
        file.parent.mkdir(parents=True, exist_ok=True)
        save_file(weights, file, {BASE: base} if base else None)
