"""The embedded denoiser with a disparity as a further input channel, fine-tuned from `tiny`.

The new channel's weights are zero at first, so that training starts from the plain denoiser, as
Stable Diffusion 2's depth model did (Rombach et al. 2022). Autoencoder and text encoder stay as
they are. Views are rendered in chunks when they are first drawn, each from its own seed.
"""

import math
import shutil
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from diffusers import UNet2DConditionModel
from torch import Tensor, nn

from synclab.priors.checkpoint import PARTS
from synclab.priors.depth import to_unit_range
from synclab.priors.latent import LatentPrior

from ..cards.sheets import sheet
from ..data.views import SIZE
from ..latent.unet import UNPROMPTED, draw_times, forget_origin
from ..training.diffusion import rates, weighted_noise_error
from ..training.muon import PlainAdamW
from ..training.trainer import Plan, Trainer
from .views import draw_depth_views, draw_solids

CHUNK = 4
"""Views that are rendered and encoded together; three of them are solids."""

CHUNKS = 1024
"""Chunks that training draws from."""

HELD_OUT = 1_000_000_000
"""Seed of the views that checks and previews use; training draws from smaller ones."""


def widened(unet: Any) -> Any:
    """A copy with one more input channel, whose weights are zero."""
    wide: Any = UNet2DConditionModel.from_config(
        unet.config, in_channels=unet.config.in_channels + 1
    )
    weights = dict(unet.state_dict())
    weights["conv_in.weight"] = F.pad(weights["conv_in.weight"], (0, 0, 0, 0, 0, 1))
    wide.load_state_dict(weights)
    return wide


def shown(disparity: Tensor, side: int) -> Tensor:
    """Disparities as the network sees them (n, 1, side, side): every view scaled to [-1, 1]."""
    small = F.interpolate(disparity, (side, side), mode="bicubic", align_corners=False)
    return torch.cat([2 * to_unit_range(view) - 1 for view in small.split(1)])


@dataclass(frozen=True)
class Batch:
    """Latents x0 and noise (n, c, h, w), disparity (n, 1, h, w), text (n, k, d), times (n,)."""

    x0: Tensor
    eps: Tensor
    depth: Tensor
    context: Tensor
    t: Tensor


class Source:
    """Views encoded by the networks of a prior; a chunk is rendered once and kept in memory."""

    def __init__(self, prior: LatentPrior) -> None:
        self.prior, self.side = prior, SIZE // prior.factor
        self.chunk = lru_cache(maxsize=CHUNKS)(self._encode_chunk)

    @torch.no_grad()
    def _encode_chunk(self, seed: int) -> tuple[Tensor, Tensor, Tensor]:
        """Latents, disparities and texts of CHUNK views, which depend on the seed only."""
        views = draw_depth_views(CHUNK, torch.Generator().manual_seed(seed))
        x0 = self.prior.encode(views.images.to(self.prior.device))
        return x0, self.show(views.disparity), self.contexts(views.captions)

    def draw(self, count: int, unprompted: float, first: int, generator: torch.Generator) -> Batch:
        """A batch of random chunks, whose seeds begin at `first`; a share of the texts is empty."""
        seeds = first + torch.randint(CHUNKS, (math.ceil(count / CHUNK),), generator=generator)
        chunks = zip(*(self.chunk(seed) for seed in seeds.tolist()), strict=True)
        x0, depth, context = (torch.cat(parts)[:count] for parts in chunks)
        dropped = torch.rand(count, 1, 1, generator=generator) < unprompted
        context = torch.where(dropped.to(context.device), self.contexts([""]), context)
        eps = torch.randn(x0.shape, generator=generator).to(x0)
        return Batch(x0, eps, depth, context, draw_times(count, generator).to(x0.device))

    def show(self, disparity: Tensor) -> Tensor:
        return shown(disparity, self.side).to(self.prior.device)

    def contexts(self, texts: list[str]) -> Tensor:
        return torch.cat([self.prior.encode_text(text)[0] for text in texts])


def denoising_loss(unet: Any, prior: LatentPrior, batch: Batch) -> Tensor:
    """Weighted squared error (n,) of the noise."""
    alpha, sigma = rates(prior.schedule, batch.t, batch.x0)
    x = alpha * batch.x0 + sigma * batch.eps
    answer = unet(torch.cat([x, batch.depth], 1), batch.t, batch.context).sample
    return weighted_noise_error(answer, batch.eps, alpha)


@dataclass(frozen=True)
class DepthPreview:
    """Samples for the disparities of held-out solids, always from the same noise."""

    folder: Path
    source: Source
    count: int

    @torch.no_grad()
    def draw(self, unet: Any, step: int) -> None:
        """Writes `folder`/STEP.png: rows of disparities, samples, and the views themselves."""
        generator = torch.Generator().manual_seed(HELD_OUT + 1)
        views, prior = draw_solids(self.count, generator), self.source.prior
        depth, context = self.source.show(views.disparity), self.source.contexts(views.captions)
        context = torch.cat([self.source.contexts([""]).expand_as(context), context])
        shape = (self.count, prior.shape[0], self.source.side, self.source.side)
        x = torch.randn(shape, generator=generator).to(prior.device)
        for t, s in prior.schedule.steps(15):
            both = torch.cat([x, depth], 1).repeat(2, 1, 1, 1)
            low, high = unet(both, prior.time(t), context).sample.chunk(2)
            x0 = prior.schedule.x0(x, low + 5 * (high - low), t)
            x = prior.schedule.ddim(x, x0, t, s)
        self.folder.mkdir(parents=True, exist_ok=True)
        rows = [views.disparity.expand(-1, 3, -1, -1), prior.decode(x).cpu(), views.images]
        sheet(torch.cat(rows), 3).save(self.folder / f"{step:07d}.png")


def train_depth(folder: Path, begin: Path, plan: Plan) -> None:
    """Fine-tunes the denoiser of the checkpoint `begin`; one caption in ten is empty."""
    torch.manual_seed(plan.seed)
    prior = LatentPrior(str(begin), device=plan.device)
    unet = widened(prior.unet).requires_grad_(True).train().to(plan.device)
    source = Source(prior)
    preview = DepthPreview(folder / "previews", source, min(plan.batch, 12))
    modules = nn.ModuleDict({"unet": unet})
    trainer = Trainer(folder, modules, plan, 4e-4, warmup=30, averaging=0.99, optimizers=PlainAdamW)
    held_out = source.draw(4 * plan.batch, 0.0, HELD_OUT, torch.Generator().manual_seed(HELD_OUT))

    def loss(generator: torch.Generator) -> Tensor:
        batch = source.draw(plan.batch, UNPROMPTED, CHUNKS * plan.seed, generator)
        return denoising_loss(unet, prior, batch).mean()

    def check(step: int) -> dict[str, float]:
        preview.draw(unet, step)
        with torch.no_grad():
            return {"loss": round(float(denoising_loss(unet, prior, held_out).mean()), 5)}

    trainer.fit(loss, check)
    unet.save_pretrained(folder / "model")


def export_depth(folder: Path, begin: Path, output: Path) -> None:
    """Writes a checkpoint: the fine-tuned denoiser in half precision, the other parts of `begin`.

    It stays whole if `begin` is trained anew; git stores equal files once.
    """
    for part in PARTS:
        shutil.copytree(begin / part, output / part, dirs_exist_ok=True)
    unet: Any = UNet2DConditionModel.from_pretrained(folder / "model")
    unet.half().save_pretrained(output / "unet")
    forget_origin(output / "unet" / "config.json")
