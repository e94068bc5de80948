"""Checkpoints in diffusers format: random weights, 64 px, few channels, the tiny prior's words."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    ControlNetModel,
    DDIMScheduler,
    FlowMatchEulerDiscreteScheduler,
    SD3Transformer2DModel,
    UNet2DConditionModel,
)
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    T5Config,
    T5EncoderModel,
    T5Tokenizer,
)

from scripts.embedded.latent.text import LENGTH, build_tokenizer

SIZE = 64  # pixels of a view; its latent is an eighth
WIDTH = 16  # of a text encoder's features


def unet(**changes: Any) -> UNet2DConditionModel:
    body: dict[str, Any] = {
        "sample_size": SIZE // 8,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
        "block_out_channels": (8, 16),
        "layers_per_block": 1,
        "norm_num_groups": 4,
        "cross_attention_dim": WIDTH,
        "attention_head_dim": 2,
    }
    return UNet2DConditionModel(**body | changes)


def controlnet() -> ControlNetModel:
    """One that has learnt something: the layers that are zero before training are not."""
    network = ControlNetModel.from_unet(unet(), conditioning_embedding_out_channels=(4, 4, 4, 4))
    for parameter in network.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter)
    return network


def vae(**changes: Any) -> AutoencoderKL:
    body: dict[str, Any] = {
        "down_block_types": ("DownEncoderBlock2D",) * 4,
        "up_block_types": ("UpDecoderBlock2D",) * 4,
        "block_out_channels": (8, 8, 8, 8),
        "norm_num_groups": 4,
        "mid_block_add_attention": False,
        "sample_size": SIZE,
    }
    return AutoencoderKL(**body | changes)


def text_encoder(kind: type = CLIPTextModel) -> Any:
    tokenizer = build_tokenizer()
    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        projection_dim=WIDTH,
        max_position_embeddings=LENGTH,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    return kind(config)


def projecting_text_encoder() -> Any:
    return text_encoder(CLIPTextModelWithProjection)


def scheduler(**changes: Any) -> DDIMScheduler:
    return DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", **changes
    )


def patched_unet() -> UNet2DConditionModel:
    """Of pixels, of which it sees 4 x 4 as one place."""
    return unet(sample_size=4, in_channels=48, out_channels=48)


def pixel_scheduler(**changes: Any) -> DDIMScheduler:
    body: dict[str, Any] = {
        "beta_schedule": "squaredcos_cap_v2",
        "thresholding": True,
        "dynamic_thresholding_ratio": 0.95,
        "sample_max_value": 1.5,
    }
    return DDIMScheduler(**body | changes)


def if_unet(**changes: Any) -> UNet2DConditionModel:
    """DeepFloyd IF's: it projects the text's features, and predicts variances too."""
    body: dict[str, Any] = {
        "sample_size": 16,
        "in_channels": 3,
        "out_channels": 6,
        "down_block_types": ("ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"),
        "up_block_types": ("SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"),
        "mid_block_type": "UNetMidBlock2DSimpleCrossAttn",
        "attention_head_dim": 8,
        "cross_attention_dim": 32,
        "encoder_hid_dim": WIDTH,
        "addition_embed_type": "text",
        "addition_embed_type_num_heads": 2,
        "cross_attention_norm": "group_norm",
        "resnet_time_scale_shift": "scale_shift",
        "act_fn": "gelu",
    }
    return unet(**body | changes)


def t5_encoder() -> T5EncoderModel:
    config = T5Config(vocab_size=64, d_model=WIDTH, d_kv=8, d_ff=16, num_layers=1, num_heads=2)
    return T5EncoderModel(config)


def t5_tokenizer() -> T5Tokenizer:
    """Pieces of one letter."""
    pieces = ["<pad>", "</s>", "<unk>", "▁", *"abcdefghijklmnopqrstuvwxyz"]
    return T5Tokenizer(vocab=[(piece, -1.0) for piece in pieces], extra_ids=0)


def flow_scheduler(shift: float = 3.0, **changes: Any) -> FlowMatchEulerDiscreteScheduler:
    return FlowMatchEulerDiscreteScheduler(shift=shift, **changes)


def transformer() -> SD3Transformer2DModel:
    return SD3Transformer2DModel(
        sample_size=SIZE // 8,
        patch_size=2,
        in_channels=4,
        out_channels=4,
        num_layers=2,
        attention_head_dim=8,
        num_attention_heads=2,
        caption_projection_dim=16,
        joint_attention_dim=3 * WIDTH,
        pooled_projection_dim=2 * WIDTH,
        pos_embed_max_size=8,
    )


PLAIN: dict[str, Callable[[], Any]] = {
    "unet": unet,
    "vae": vae,
    "text_encoder": text_encoder,
    "tokenizer": build_tokenizer,
    "scheduler": scheduler,
}
"""Stable Diffusion."""

DEPTH = PLAIN | {"unet": lambda: unet(in_channels=5)}
"""Its model of depth."""

VELOCITY = PLAIN | {"scheduler": lambda: scheduler(prediction_type="v_prediction")}
"""Stable Diffusion 2.1 of 768 px."""

PIXELS: dict[str, Callable[[], Any]] = {
    "unet": patched_unet,
    "text_encoder": text_encoder,
    "tokenizer": build_tokenizer,
    "scheduler": lambda: pixel_scheduler(prediction_type="sample"),
}
"""The embedded pixel prior, 16 px."""

IF_1: dict[str, Callable[[], Any]] = {
    "unet": if_unet,
    "text_encoder": t5_encoder,
    "tokenizer": t5_tokenizer,
    "scheduler": pixel_scheduler,
}
"""Stage I of DeepFloyd IF, 16 px."""

IF_2 = IF_1 | {"unet": lambda: if_unet(in_channels=6, class_embed_type="timestep")}
"""Its stage II."""

FLOW: dict[str, Callable[[], Any]] = {
    "transformer": transformer,
    "vae": lambda: vae(shift_factor=0.1, use_quant_conv=False, use_post_quant_conv=False),
    "text_encoder": projecting_text_encoder,
    "tokenizer": build_tokenizer,
    "text_encoder_2": projecting_text_encoder,
    "tokenizer_2": build_tokenizer,
    "scheduler": flow_scheduler,
}
"""Stable Diffusion 3 without T5."""


def save(folder: Path, parts: dict[str, Callable[[], Any]]) -> Path:
    """Writes a checkpoint, the same weights every time, unless it is there."""
    if not folder.exists():
        with torch.random.fork_rng():
            torch.manual_seed(0)
            for name, make in parts.items():
                make().save_pretrained(folder / name)
    return folder
