"""Low-rank adaptation of a frozen denoiser (LoRA, Hu et al. 2021, 2106.09685), to be trained."""

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.utils.parametrize import register_parametrization

from synclab.priors.lora import BASE, read

DIGITS = 6  # significant binary digits of a factor in a file


class Change(nn.Module):
    """A layer's weight W as W + B A: zero change at first."""

    def __init__(self, weight: Tensor, rank: int) -> None:
        super().__init__()
        inputs, ones = weight.shape[1:], (1,) * (weight.ndim - 2)
        self.down = nn.Parameter(torch.empty(rank, *inputs))
        self.up = nn.Parameter(torch.zeros(len(weight), rank, *ones))
        nn.init.kaiming_uniform_(self.down, a=5**0.5)  # as torch begins its own layers

    def forward(self, weight: Tensor) -> Tensor:
        up, down = self.up.flatten(1).to(weight), self.down.flatten(1).to(weight)
        return weight + (up @ down).view_as(weight)

    @torch.no_grad()
    def set(self, down: Tensor, up: Tensor) -> None:
        """Begins with these factors, or with the nearest of its own rank if theirs is higher.

        If their rank is lower, the rest of it changes nothing yet.
        """
        if len(down) > len(self.down):
            down, up = nearest(down, up, len(self.down))
        self.up.zero_()
        self.up[:, : len(down)] = up
        self.down[: len(down)] = down


def nearest(down: Tensor, up: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """Factors (r, in, ...), (out, r, ...) of the nearest change of at most `rank`.

    It has the greatest singular values (Eckart and Young 1936); each factor takes their roots.
    """
    left, right = torch.linalg.qr(up.flatten(1).float()), torch.linalg.qr(down.flatten(1).float().T)
    u, values, v = torch.linalg.svd(left.R @ right.R.T, full_matrices=False)
    root = values[:rank].sqrt()
    lower, upper = root[:, None] * (v[:rank] @ right.Q.T), (left.Q @ u[:, :rank]) * root
    return lower.view(-1, *down.shape[1:]), upper.view(len(up), -1, *up.shape[2:])


def written(factor: Tensor) -> Tensor:
    """The factor as files hold it: half precision, rounded to `DIGITS` binary digits.

    Rounding is noise of 0.7 %, which no loss shows; a compressed file is a quarter smaller by it.
    """
    mantissa, exponent = torch.frexp(factor.detach().float().cpu())
    rounded = (mantissa * 2**DIGITS).round() / 2**DIGITS
    return torch.ldexp(rounded, exponent).half().contiguous()


class LowRank(nn.Module):
    """Changes of all linear layers and convolutions of a network, whose own weights stay."""

    def __init__(self, network: nn.Module, rank: int) -> None:
        super().__init__()
        self.changes: dict[str, Change] = {}
        for name, layer in list(network.named_modules()):  # which registering adds to
            if isinstance(layer, nn.Linear | nn.Conv2d):
                self.changes[name] = Change(layer.weight, rank)
                register_parametrization(layer, "weight", self.changes[name])
        self.registered = nn.ModuleList(self.changes.values())

    def load(self, file: Path, base: str | None) -> None:
        """Begins with the factors that `save` wrote for the same layers, cut to this rank.

        Raises: UserError if the file is not readable, or names another network than `base`.
        """
        saved = read(str(file), base)
        for name, change in self.changes.items():
            parts = saved[name.replace(".", "_")]
            change.set(parts["down"], parts["up"])

    def save(self, file: Path, base: str | None) -> None:
        """Writes the factors, rounded, under the names that diffusers gives them.

        Args:
            base: SHA-256 of the network's own file, kept in the metadata.
        """
        weights: dict[str, Tensor] = {}
        for name, change in self.changes.items():
            weights[f"unet.{name}.lora_A.weight"] = written(change.down)
            weights[f"unet.{name}.lora_B.weight"] = written(change.up)
        file.parent.mkdir(parents=True, exist_ok=True)
        save_file(weights, file, {BASE: base} if base else None)
