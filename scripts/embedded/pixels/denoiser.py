"""The embedded pixel prior: denoises the pixels of small views, without an autoencoder."""

import copy
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from diffusers import DDIMScheduler
from torch import Tensor, nn

from synclab.core.schedule import Schedule
from synclab.priors.latent import LatentPrior
from synclab.priors.pixel import PixelPrior

from ..cards.sheets import sheet
from ..data.views import CAPTIONS, Sight, Views, render_dataset
from ..latent.preview import ROWS, prompts
from ..latent.score import denoise, join
from ..latent.text import tokenize
from ..latent.unet import UNPROMPTED, Batch, draw_times, draw_words, small_unet
from ..training.diffusion import rates
from ..training.muon import SinglePrecision
from ..training.narrowing import select_weights
from ..training.trainer import Plan, Trainer

SIGHT = Sight(size=64, level=0.8, tilted=0.12)
"""Mostly level views, as ambiguous images show them."""

PATCH = 4
"""Pixels along a side of what the network sees as one place of 48 channels."""

HELD_OUT = 256
PREVIEW_STEPS = 20

STEEPEST = 20.0
"""Largest weight of an error, where there is little noise."""


def build_unet() -> Any:
    """The widths of `tiny` at 16 x 16, where pixels are drawn, and fewer channels below."""
    return small_unet(SIGHT.size // PATCH, 3 * PATCH**2, (96, 128, 128))


def build_scheduler() -> Any:
    """Schedule and clipping of DeepFloyd IF; here the network predicts the image, not the noise.

    The schedule ends in noise alone.
    """
    scheduler: Any = DDIMScheduler
    return scheduler(
        beta_schedule="squaredcos_cap_v2",
        prediction_type="sample",
        thresholding=True,
        dynamic_thresholding_ratio=0.95,
        sample_max_value=1.5,
    )


@dataclass(frozen=True)
class PixelViews:
    """uint8 views (n, 3, size, size), token ids (n, CAPTIONS, LENGTH); `empty`: no caption."""

    images: Tensor
    tokens: Tensor
    empty: Tensor

    @classmethod
    def load(cls, folder: Path, tokenizer: Any) -> "PixelViews":
        views = Views.load(folder)
        ids = tokenize(tokenizer, [text for texts in views.captions for text in texts])
        images = torch.from_numpy(views.images.copy())
        return cls(images, ids.view(len(images), CAPTIONS, -1), tokenize(tokenizer, [""])[0])

    def draw(
        self, rows: tuple[int, int], count: int, unprompted: float, generator: torch.Generator
    ) -> Batch:
        """A random batch of these rows, half of it mirrored; a share of the captions is empty."""
        index = torch.randint(*rows, (count,), generator=generator)
        x0 = self.images[index].float() / 127.5 - 1
        mirrored = torch.rand(count, 1, 1, 1, generator=generator) < 0.5
        x0 = torch.where(mirrored, x0.flip(-1), x0)
        words = draw_words(self.tokens[index], self.empty, unprompted, generator)
        eps = torch.randn(x0.shape, generator=generator)
        return Batch(x0, eps, words, draw_times(count, generator))


def denoising_loss(unet: Any, context: Tensor, batch: Batch, schedule: Schedule) -> Tensor:
    """Squared error (n,) of the clean image, weighted to that of the velocity, 1 / sigma^2."""
    alpha, sigma = rates(schedule, batch.t, batch.x0)
    x = F.pixel_unshuffle(alpha * batch.x0 + sigma * batch.eps, PATCH)
    answer = F.pixel_shuffle(unet(x, batch.t, context).sample, PATCH)
    weight = (1 / sigma.square()).clamp_max(STEEPEST)
    return (weight * (answer - batch.x0).square()).mean((1, 2, 3))


def export_pixels(unet: Any, texts: Path, output: Path) -> None:
    """Writes a prior's folder in half precision, with the text encoder of the folder `texts`."""
    copy.deepcopy(unet).half().save_pretrained(output / "unet")
    build_scheduler().save_pretrained(output / "scheduler")
    for part in ("text_encoder", "tokenizer"):
        shutil.copytree(texts / part, output / part, dirs_exist_ok=True)


def draw_preview(prior: PixelPrior, file: Path) -> None:
    """A contact sheet of one sample of every kind of scene, always from the same noise."""
    asked = prompts()
    noise = torch.randn(len(asked), *prior.shape, generator=torch.Generator().manual_seed(0))
    images = denoise(prior, noise, join(prior, asked), PREVIEW_STEPS, guidance=5.0)
    file.parent.mkdir(parents=True, exist_ok=True)
    sheet(images, ROWS).save(file)


def train_pixels(folder: Path, count: int, begin: Path, plan: Plan, output: Path) -> None:
    """Renders `count` views, trains a UNet on them, and writes the prior's folder `output`.

    begin: a latent prior's folder. Its text encoder is used as it is, and the first weights of this
        UNet are some of those of its UNet, which has the same blocks.
    """
    torch.manual_seed(plan.seed)
    render_dataset(folder, count, plan.seed, SIGHT)
    prior, unet = LatentPrior(str(begin)), build_unet()
    select_weights(unet, prior.unet)
    views = PixelViews.load(folder, prior.tokenizer)
    schedule = Schedule.cosine()
    trainer = Trainer(
        folder, nn.ModuleDict({"unet": unet}), plan, 2e-3, warmup=30, check_seconds=600,
        optimizers=SinglePrecision,
    )  # fmt: skip

    def mean_loss(rows: tuple[int, int], size: int, generator: torch.Generator) -> Tensor:
        batch = views.draw(rows, size, UNPROMPTED, generator)
        with torch.no_grad():
            context = prior.text_encoder(batch.words).last_hidden_state
        return denoising_loss(unet, context, batch, schedule).mean()

    def loss(generator: torch.Generator) -> Tensor:
        return mean_loss((HELD_OUT, len(views.images)), plan.batch, generator)

    def check(step: int) -> dict[str, float]:
        with torch.no_grad():
            seen = mean_loss((0, HELD_OUT), HELD_OUT, torch.Generator().manual_seed(plan.seed))
        export_pixels(unet, begin, folder / "prior")
        draw_preview(PixelPrior(str(folder / "prior")), folder / "previews" / f"{step:07d}.png")
        return {"loss": round(float(seen), 5)}

    trainer.fit(loss, check)
    export_pixels(unet, begin, output)
    record = output / "training"
    record.mkdir(exist_ok=True)
    shutil.copyfile(folder / "loss.jsonl", record / "unet.jsonl")
