"""LoRA weights, merged into a denoiser when it is loaded.

Hu et al. 2021 (2106.09685): W + (alpha / r) B A, with A of r rows; no alpha means alpha = r. Layers
are named as diffusers does it (`unet.mid_block.x.lora_A.weight`, also `.lora.down.weight`) or as
kohya's scripts do (`lora_unet_mid_block_x.lora_down.weight`), which LCM and TCD follow.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from synclab.core.file_hash import file_hash
from synclab.errors import UserError
from synclab.places import candidates
from synclab.priors.checkpoint import address

FILE = "pytorch_lora_weights.safetensors"
BASE = "base"
"""Key of the file's metadata: SHA-256 of the weights that the LoRA was trained on."""

EXPECTED = (
    "expected a .safetensors file, or owner/name@revision on the Hub, with a LoRA of this unet"
)
NAME = re.compile(r"(?:unet\.|lora_unet_)(.+?)\.(?:lora[._])?(A|B|down|up|alpha)(?:\.weight)?")
ROLE = {"A": "down", "B": "up", "down": "down", "up": "up", "alpha": "alpha"}


def merge(network: nn.Module, lora: str, base: str | None = None) -> None:
    """Adds a LoRA to the weights of `network`, in place.

    Args:
        lora: a file, or a name on the Hub whose repository has a file named `FILE`.
        base: SHA-256 of the network's file, if known. A LoRA that names another one, as those of
            scripts/embedded do, is refused: it would fit a network of the same shape, silently.

    Raises: UserError if there is no such file, or if any of its weights does not fit the network.
    """
    layers = {
        name.replace(".", "_"): module
        for name, module in network.named_modules()
        if isinstance(module, nn.Linear | nn.Conv2d)
    }
    for name, parts in read(lora, base).items():
        if name not in layers or not {"down", "up"} <= set(parts):
            raise UserError(f"prior.lora={lora}: its layer {name} is not in this unet; {EXPECTED}")
        add(layers[name].weight, parts, lora)


def read(lora: str, base: str | None = None) -> dict[str, dict[str, Tensor]]:
    """By layer, dots written as underscores: "down" (r, in, ...), "up" (out, r, ...), "alpha"."""
    with opened(lora) as file:
        check_base(lora, (file.metadata() or {}).get(BASE), base)
        weights = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    layers: dict[str, dict[str, Tensor]] = defaultdict(dict)
    for key, value in weights.items():
        found = NAME.fullmatch(key)
        if not found:
            raise UserError(f"prior.lora={lora}: unknown weight {key}; {EXPECTED}")
        layers[found[1].replace(".", "_")][ROLE[found[2]]] = value
    return layers


def check_base(lora: str, made_for: str | None, base: str | None) -> None:
    """Refuses a LoRA that was trained on weights other than `base`, if both are known."""
    if base and made_for and base != made_for:
        raise UserError(
            f"prior.lora={lora}: made for other weights than those of prior.path, whose SHA-256"
            f" begins with {base[:8]}; expected {made_for[:8]}; use prior.lora=null"
        )


@contextmanager
def opened(lora: str) -> Iterator[Any]:
    """The file of safetensors.

    Raises: UserError if there is none, or if it is not readable.
    """
    from safetensors import safe_open

    try:
        file = safe_open(find(lora), "pt")
    except Exception as error:  # the libraries raise errors of any type for foreign files
        reason = str(error).split("\n")[0]
        raise UserError(f"prior.lora={lora}: not readable ({reason}); {EXPECTED}") from error
    with file as weights:
        yield weights


def find(lora: str) -> Path:
    """The file itself, or the one of a name on the Hub, from its cache or downloaded."""
    from huggingface_hub import hf_hub_download

    if file := local(lora):
        return file
    name, revision = address(lora)
    if Path(lora).suffix == ".safetensors" or name.count("/") != 1:
        raise FileNotFoundError("no such file")
    return Path(hf_hub_download(name, FILE, revision=revision))


def local(lora: str) -> Path | None:
    """The file on this disk, if it is one.

    Relative paths are also looked up in synclab's own folder, so that the embedded student is found
    from any working directory.
    """
    return next(filter(Path.is_file, candidates(lora)), None)


def fingerprint(lora: str | None) -> str | None:
    """SHA-256 of a local file, so that retraining changes the identity; None for Hub names."""
    file = local(lora) if lora else None
    return file_hash(file) if file else None


@torch.no_grad()
def add(weight: Tensor, parts: dict[str, Tensor], lora: str) -> None:
    """weight += (alpha / r) B A, computed in float32."""
    down, up = (parts[role].float().flatten(1) for role in ("down", "up"))
    scale = float(parts["alpha"]) / len(down) if "alpha" in parts else 1.0
    change = scale * (up @ down)
    if change.numel() != weight.numel():
        raise UserError(
            f"prior.lora={lora}: a layer has {change.numel()} weights where this unet has"
            f" {weight.numel()}; {EXPECTED}"
        )
    weight.add_(change.view_as(weight).to(weight))
