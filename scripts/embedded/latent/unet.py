"""The embedded prior's denoiser and its text encoder, trained together on latents."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from diffusers import StableDiffusionPipeline, UNet2DConditionModel
from torch import Tensor, nn

from ..data.views import CAPTIONS, Views
from ..training.diffusion import build_scheduler, noised, velocity
from ..training.trainer import Plan, Trainer, quiet_residuals
from .latents import CHANNELS, SIDE, Latents
from .preview import Preview
from .text import LENGTH, build_text_encoder, build_tokenizer, tokenize
from .vae import load_vae

UNPROMPTED = 0.1
HELD_OUT = 64  # views at most


def build_unet() -> Any:
    """Few channels at 16 x 16, where they cost most; attention at 8 x 8 and below."""
    return small_unet(SIDE, CHANNELS, (64, 128, 256))


def small_unet(side: int, channels: int, widths: tuple[int, int, int]) -> Any:
    """A UNet of three resolutions with text, without attention at the highest."""
    return UNet2DConditionModel(
        sample_size=side,
        in_channels=channels,
        out_channels=channels,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        block_out_channels=widths,
        layers_per_block=1,
        cross_attention_dim=128,
        attention_head_dim=4,
        use_linear_projection=True,
    )


def draw_times(count: int, generator: torch.Generator) -> Tensor:
    """One integer time from each of `count` equal intervals of 0..999, in random order."""
    inside = torch.rand(count, generator=generator)
    even = (torch.arange(count) + inside) / count
    return (1000 * even).long().clamp_max(999)[torch.randperm(count, generator=generator)]


def tokenize_captions(tokenizer: Any, captions: list[list[str]]) -> Tensor:
    """Token ids (n, CAPTIONS, LENGTH) of every wording, int16."""
    ids = tokenize(tokenizer, [text for texts in captions for text in texts])
    return ids.view(len(captions), CAPTIONS, LENGTH).short()


def draw_words(
    tokens: Tensor, empty: Tensor, unprompted: float, generator: torch.Generator
) -> Tensor:
    """One random wording (n, LENGTH) of each view's (n, CAPTIONS, LENGTH); a share is `empty`."""
    count = len(tokens)
    words = tokens[torch.arange(count), torch.randint(CAPTIONS, (count,), generator=generator)]
    dropped = torch.rand(count, 1, generator=generator) < unprompted
    return torch.where(dropped, empty, words).long()


@dataclass(frozen=True)
class Batch:
    """Latents x0 and noise (n, c, h, w), token ids (n, LENGTH), times (n,)."""

    x0: Tensor
    eps: Tensor
    words: Tensor
    t: Tensor


@dataclass(frozen=True)
class Captioned:
    """Latents with the token ids (n, CAPTIONS, LENGTH) of their captions; `empty`: no caption."""

    latents: Latents
    tokens: Tensor
    empty: Tensor
    device: str

    @classmethod
    def load(cls, folder: Path, tokenizer: Any, device: str) -> "Captioned":
        latents, views = Latents.load(folder), Views.load(folder)
        tokens = tokenize_captions(tokenizer, views.captions[: len(latents)])
        return cls(latents, tokens, tokenize(tokenizer, [""])[0].short(), device)

    def split(self, count: int) -> tuple["Captioned", "Captioned"]:
        """The first `count` views and the others."""
        first, rest = slice(count), slice(count, None)
        return (
            replace(self, latents=self.latents[first], tokens=self.tokens[first]),
            replace(self, latents=self.latents[rest], tokens=self.tokens[rest]),
        )

    def draw(self, count: int, unprompted: float, generator: torch.Generator) -> Batch:
        """A random batch; a share of the captions is empty."""
        index = torch.randint(len(self.latents), (count,), generator=generator)
        x0 = self.latents.draw(index, generator)
        words = draw_words(self.tokens[index], self.empty, unprompted, generator)
        t, eps = draw_times(count, generator), torch.randn(x0.shape, generator=generator)
        return Batch(*(each.to(self.device) for each in (x0, eps, words, t)))


def denoising_loss(unet: Any, text_encoder: Any, batch: Batch) -> Tensor:
    """Squared error (n,) of the velocity."""
    context = text_encoder(batch.words).last_hidden_state
    answer = unet(noised(batch.x0, batch.eps, batch.t), batch.t, context).sample
    return (answer - velocity(batch.x0, batch.eps, batch.t)).square().mean((1, 2, 3))


def train_unet(folder: Path, data: Path, plan: Plan, begin: Path | None) -> None:
    """Trains UNet and text encoder; one caption in ten is empty, for guidance.

    begin: a checkpoint with the same tokenizer, whose text encoder is trained further.
    """
    from transformers import CLIPTextModel

    torch.manual_seed(plan.seed)
    text_encoder = build_text_encoder(build_tokenizer())
    if begin is not None:
        text_encoder = CLIPTextModel.from_pretrained(begin / "text_encoder").float()
    unet = build_unet()
    quiet_residuals(unet)
    modules = nn.ModuleDict({"unet": unet, "text_encoder": text_encoder}).to(plan.device)
    trainer = Trainer(folder, modules, plan, 1.5e-3, check_seconds=1800)
    everything = Captioned.load(data, build_tokenizer(), plan.device)
    held_out, views = everything.split(min(HELD_OUT, len(everything.latents) // 8))
    preview = Preview.beside(folder, data, plan.device)

    def loss(generator: torch.Generator) -> Tensor:
        batch = views.draw(plan.batch, UNPROMPTED, generator)
        return denoising_loss(unet, text_encoder, batch).mean()

    def check(step: int) -> dict[str, float]:
        preview.draw(unet, text_encoder, step)
        with torch.no_grad():
            batch = held_out.draw(
                2 * len(held_out.latents), 0.0, torch.Generator().manual_seed(plan.seed)
            )
            return {"loss": round(float(denoising_loss(unet, text_encoder, batch).mean()), 5)}

    trainer.fit(loss, check)
    unet.save_pretrained(folder / "model")
    text_encoder.save_pretrained(folder / "text_encoder")


def export(vae: Path, denoiser: Path, output: Path) -> None:
    """Writes an ordinary Stable Diffusion folder in half precision.

    Args:
        vae: a folder of `AutoencoderKL`, its scaling factor included.
        denoiser: a folder with `model` and `text_encoder`, as `train_unet` leaves it.
    """
    from transformers import CLIPTextModel

    pipeline = StableDiffusionPipeline(
        vae=load_vae(vae, "cpu"),
        text_encoder=CLIPTextModel.from_pretrained(denoiser / "text_encoder"),
        tokenizer=build_tokenizer(),
        unet=UNet2DConditionModel.from_pretrained(denoiser / "model"),
        scheduler=build_scheduler(),
        safety_checker=None,  # type: ignore
        feature_extractor=None,  # type: ignore
        requires_safety_checker=False,
    )
    pipeline.to(dtype=torch.float16).save_pretrained(output)
    for file in output.glob("*/config.json"):  # diffusers notes where it read a network
        forget_origin(file)


def forget_origin(file: Path) -> None:
    config = json.loads(file.read_text(encoding="utf-8"))
    config.pop("_name_or_path", None)
    file.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
