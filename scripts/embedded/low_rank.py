"""Low-rank adaptation of a frozen denoiser (LoRA, Hu et al. 2021, 2106.09685), to be trained."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor, nn


def branch(layer: nn.Linear | nn.Conv2d, rank: int) -> nn.Sequential:
    """B A beside a layer, zero at first; a convolution's A is as wide as the convolution."""
    if isinstance(layer, nn.Linear):
        down = nn.Linear(layer.in_features, rank, bias=False)
        up = nn.Linear(rank, layer.out_features, bias=False)
    else:
        place: Any = {"stride": layer.stride, "padding": layer.padding}
        size: Any = layer.kernel_size
        down = nn.Conv2d(layer.in_channels, rank, size, bias=False, **place)
        up = nn.Conv2d(rank, layer.out_channels, 1, bias=False)
    nn.init.zeros_(up.weight)
    return nn.Sequential(down, up)


class LowRank(nn.Module):
    """Branches beside all linear layers and convolutions of a network, which stays as it is.

    The network's own calls include the branches, except inside `off()`.
    """

    def __init__(self, network: nn.Module, rank: int) -> None:
        super().__init__()
        self.on, self.names, self.branches = True, [], nn.ModuleList()
        for name, layer in network.named_modules():
            if isinstance(layer, nn.Linear | nn.Conv2d):
                self.names.append(name)
                self.branches.append(branch(layer, rank))
                layer.register_forward_hook(self.adding(len(self.branches) - 1))

    def adding(self, index: int) -> Any:
        """A forward hook that adds the output of a branch to that of its layer."""

        def add(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
            return output + self.branches[index](inputs[0]) if self.on else output

        return add

    @contextmanager
    def off(self) -> Iterator[None]:
        """The network without the branches."""
        self.on = False
        try:
            yield
        finally:
            self.on = True

    def save(self, file: Path) -> None:
        """Writes the factors in half precision, under the names that diffusers gives them."""
        weights: dict[str, Tensor] = {}
        for name, factors in zip(self.names, self.branches, strict=True):
            down, up = factors.state_dict().values()
            weights[f"unet.{name}.lora_A.weight"] = down.half().cpu()
            weights[f"unet.{name}.lora_B.weight"] = up.half().cpu()
        file.parent.mkdir(parents=True, exist_ok=True)
        save_file(weights, file)
