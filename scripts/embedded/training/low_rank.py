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
        """Begins with factors of at most its own rank; the rest of it changes nothing yet."""
        self.up.zero_()
        self.up[:, : len(down)] = up
        self.down[: len(down)] = down

    @torch.no_grad()
    def nearest(self, rank: int) -> tuple[Tensor, Tensor]:
        """Factors down (r, in, ...), up (out, r, ...) of the nearest change of at most `rank`."""
        left, right = torch.linalg.qr(self.up.flatten(1)), torch.linalg.qr(self.down.flatten(1).T)
        u, values, v = torch.linalg.svd(left.R @ right.R.T, full_matrices=False)
        root = values[:rank].sqrt()
        down = root[:, None] * (v[:rank] @ right.Q.T)
        up = (left.Q @ u[:, :rank]) * root
        return down.view(-1, *self.down.shape[1:]), up.view(len(up), -1, *self.up.shape[2:])


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
        """Begins with the factors that `save` wrote, of the same layers and at most this rank.

        Raises: UserError if the file is not readable, or names another network than `base`.
        """
        saved = read(str(file), base)
        for name, change in self.changes.items():
            parts = saved[name.replace(".", "_")]
            change.set(parts["down"], parts["up"])

    def save(self, file: Path, base: str | None, rank: int | None = None) -> None:
        """Writes the factors, rounded, under the names that diffusers gives them.

        Args:
            base: SHA-256 of the network's own file, kept in the metadata.
            rank: of the nearest factors, which are written; None: those of training.
        """
        weights: dict[str, Tensor] = {}
        for name, change in self.changes.items():
            down, up = change.nearest(rank) if rank else (change.down, change.up)
            weights[f"unet.{name}.lora_A.weight"] = written(down)
            weights[f"unet.{name}.lora_B.weight"] = written(up)
        file.parent.mkdir(parents=True, exist_ok=True)
        save_file(weights, file, {BASE: base} if base else None)
