"""LoRAs merged into a denoiser: the formula, the names of layers, and what is refused."""

from pathlib import Path

import pytest
import small_checkpoint
import torch
from conftest import close
from safetensors.torch import save_file
from torch import Tensor, nn

from synclab.core.hashing import sha256
from synclab.errors import UserError
from synclab.priors.latent import LatentPrior
from synclab.priors.lora import fingerprint, merge

RANK = 2
LINEAR = "mid_block.attentions.0.transformer_blocks.0.attn1.to_out.0"
CONVOLUTION = "down_blocks.0.resnets.0.conv1"


def weights(network: nn.Module, name: str) -> Tensor:
    return network.get_submodule(name).weight.detach().clone()  # type: ignore


def low_rank(weight: Tensor) -> tuple[Tensor, Tensor]:
    """A (r, in, ...) and B (out, r, ...) for a linear layer or a convolution."""
    down = torch.randn(RANK, *weight.shape[1:])
    up = torch.randn(len(weight), RANK, *([1] * (weight.ndim - 2)))
    return down, up


def product(down: Tensor, up: Tensor) -> Tensor:
    return torch.einsum("or,r...->o...", up.flatten(1), down)


STYLES = {
    "kohya": ("lora_unet_{kohya}.lora_down.weight", "lora_unet_{kohya}.lora_up.weight"),
    "peft": ("unet.{name}.lora_A.weight", "unet.{name}.lora_B.weight"),
    "diffusers": ("unet.{name}.lora.down.weight", "unet.{name}.lora.up.weight"),
}


def write(file: Path, network: nn.Module, style: str) -> dict[str, Tensor]:
    """A LoRA of two layers; returns what it adds to each."""
    tensors, changes = {}, {}
    for name in (LINEAR, CONVOLUTION):
        down, up = low_rank(weights(network, name))
        changes[name] = product(down, up)
        keys = (key.format(name=name, kohya=name.replace(".", "_")) for key in STYLES[style])
        tensors |= dict(zip(keys, (down, up), strict=True))
    save_file(tensors, file)
    return changes


@pytest.mark.parametrize("style", STYLES)
def test_the_product_of_both_factors_is_added_under_either_name(tmp_path: Path, style: str):
    unet = small_checkpoint.unet()
    before = {name: weights(unet, name) for name in (LINEAR, CONVOLUTION)}
    changes = write(tmp_path / "lora.safetensors", unet, style)
    merge(unet, str(tmp_path / "lora.safetensors"))
    for name, change in changes.items():
        close(weights(unet, name), before[name] + change, 1e-5)


def test_alpha_is_a_share_of_the_rank(tmp_path: Path):
    unet, name = small_checkpoint.unet(), f"lora_unet_{LINEAR.replace('.', '_')}"
    before = weights(unet, LINEAR)
    down, up = low_rank(before)
    tensors = {f"{name}.lora_down.weight": down, f"{name}.lora_up.weight": up}
    save_file(tensors | {f"{name}.alpha": torch.tensor(1.0)}, tmp_path / "lora.safetensors")
    merge(unet, str(tmp_path / "lora.safetensors"))
    close(weights(unet, LINEAR), before + product(down, up) / RANK, 1e-5)


def test_a_prior_merges_its_lora_when_it_is_loaded(checkpoint: Path, tmp_path: Path):
    plain = LatentPrior(str(checkpoint))
    changes = write(tmp_path / "lora.safetensors", plain.unet, "kohya")
    merged = LatentPrior(str(checkpoint), lora=str(tmp_path / "lora.safetensors"))
    change = weights(merged.unet, LINEAR) - weights(plain.unet, LINEAR)
    close(change, changes[LINEAR], 1e-5)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("unet.other.block.lora_A.weight", "its layer other_block is not in this unet"),
        ("lora_te_text_model.lora_up.weight", "unknown weight lora_te_text_model.lora_up.weight"),
    ],
)
def test_weights_without_a_place_are_refused(tmp_path: Path, key: str, message: str):
    save_file({key: torch.zeros(RANK, 8)}, tmp_path / "lora.safetensors")
    with pytest.raises(UserError, match=message):
        merge(small_checkpoint.unet(), str(tmp_path / "lora.safetensors"))


def test_a_lora_of_another_size_is_refused(tmp_path: Path):
    keys = [key.format(name=LINEAR) for key in STYLES["peft"]]
    tensors = dict(zip(keys, (torch.zeros(RANK, 3), torch.zeros(5, RANK)), strict=True))
    save_file(tensors, tmp_path / "lora.safetensors")
    with pytest.raises(UserError, match="a layer has 15 weights where this unet has"):
        merge(small_checkpoint.unet(), str(tmp_path / "lora.safetensors"))


def test_a_missing_file_is_named_in_one_line(tmp_path: Path):
    with pytest.raises(UserError) as raised:
        merge(small_checkpoint.unet(), str(tmp_path / "none.safetensors"))
    assert str(raised.value).startswith(f"prior.lora={tmp_path}/none.safetensors: not readable (no")


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file in synclab's own folder, which is not the working directory."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setattr("synclab.places.CHECKOUT", tmp_path)
    (tmp_path / "assets").mkdir()
    return tmp_path / "assets" / "lora.safetensors"


def test_a_shipped_lora_is_found_from_any_working_directory(shipped: Path):
    unet = small_checkpoint.unet()
    before = weights(unet, LINEAR)
    changes = write(shipped, unet, "peft")
    merge(unet, "assets/lora.safetensors")
    close(weights(unet, LINEAR), before + changes[LINEAR], 1e-5)


def test_a_shipped_lora_identifies_a_run_by_its_content(shipped: Path):
    for content in (b"first", b"retrained"):
        shipped.write_bytes(content)
        assert fingerprint("assets/lora.safetensors") == sha256(content)
    assert fingerprint("owner/name@revision") is None
