"""A Stable Diffusion folder of random weights: 64 px, few channels, the embedded prior's words."""

from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from tiny_text import LENGTH, build_tokenizer
from transformers import CLIPTextConfig, CLIPTextModel

SIZE = 64  # pixels of a view; its latent is an eighth


def unet() -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=SIZE // 8,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        block_out_channels=(8, 16),
        layers_per_block=1,
        norm_num_groups=4,
        cross_attention_dim=16,
        attention_head_dim=2,
    )


def vae() -> AutoencoderKL:
    levels: dict[str, Any] = {
        "down_block_types": ("DownEncoderBlock2D",) * 4,
        "up_block_types": ("UpDecoderBlock2D",) * 4,
        "block_out_channels": (8, 8, 8, 8),
    }
    return AutoencoderKL(
        **levels, norm_num_groups=4, mid_block_add_attention=False, sample_size=SIZE
    )


def text_encoder(tokenizer: Any) -> CLIPTextModel:
    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=LENGTH,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    return CLIPTextModel(config)


def scheduler(**changes: Any) -> DDIMScheduler:
    return DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", **changes
    )


def save(folder: Path) -> None:
    tokenizer = build_tokenizer()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        parts = {"unet": unet(), "vae": vae(), "text_encoder": text_encoder(tokenizer)}
    parts |= {"tokenizer": tokenizer, "scheduler": scheduler()}
    for name, part in parts.items():
        part.save_pretrained(folder / name)


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder, made once however many test files ask for it."""
    folder = tmp_path_factory.getbasetemp() / "checkpoint"
    if not folder.exists():
        save(folder)
    return folder
