"""The embedded prior's autoencoder: 128 px to 8 x 16 x 16 and back."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL
from torch import Tensor, nn

from synclab.world import render_views, sample_scenes

from ..data.views import SIZE, Views, draw_cameras
from ..training.trainer import Plan, Trainer, quiet_residuals

RIM = 4  # pixels
ENCODED = 16  # views encoded together; more only fill the caches of a CPU
HELD_OUT = 64  # views that training is checked with


def build_vae() -> Any:
    autoencoder: Any = AutoencoderKL  # its annotations say one block, its code takes any number
    return autoencoder(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(16, 32, 64, 128),
        layers_per_block=1,
        latent_channels=8,
        norm_num_groups=8,
        mid_block_add_attention=False,
        sample_size=SIZE,
    )


def load_vae(folder: Path, device: str) -> Any:
    model: Any = AutoencoderKL.from_pretrained(folder)
    return model.float().to(device)


def draw_views(views: np.ndarray, count: int, generator: torch.Generator) -> Tensor:
    """Random views in [-1, 1]: (count, 3, SIZE, SIZE), half of them mirrored."""
    index = torch.randint(len(views), (count,), generator=generator).tolist()
    batch = torch.from_numpy(np.stack([views[i] for i in index])).float() / 127.5 - 1
    return torch.cat([batch[: count // 2], batch[count // 2 :].flip(-1)])


def gradients(image: Tensor) -> tuple[Tensor, Tensor]:
    return image.diff(dim=-1), image.diff(dim=-2)


def rim_weight(size: int) -> Tensor:
    """(size, size) of mean 1: half as much again near the border, three times as much on it.

    Views of a panorama meet there, and a faint rim would show as lines.
    """
    weight = torch.full((size, size), 3.0)
    weight[1:-1, 1:-1] = 1.5
    weight[RIM:-RIM, RIM:-RIM] = 1.0
    return weight / weight.mean()


def reconstruction_loss(output: Tensor, target: Tensor) -> Tensor:
    """Pixels by L1 and by the logarithm of each picture's squared error; gradients by L1.

    The logarithm is the PSNR itself; alone it would blur what it cannot place, so the gradients
    are compared over three scales.
    """
    weight, error = rim_weight(target.shape[-1]).to(target), output - target
    decibels = ((weight * error.square()).mean((1, 2, 3)) + 1e-5).log().mean()
    loss = (weight * error.abs()).mean() + 0.1 * decibels
    for _ in range(3):
        pairs = zip(gradients(output), gradients(target), strict=True)
        loss = loss + 0.5 * sum((a - b).abs().mean() for a, b in pairs)
        output, target = F.avg_pool2d(output, 2), F.avg_pool2d(target, 2)
    return loss


def held_out_views(count: int, seed: int = 1_000_000) -> Tensor:
    """Views (count, 3, SIZE, SIZE) in [0, 1], spread as the training's are, of other scenes."""
    generator = torch.Generator().manual_seed(seed)
    chunks = []
    for _ in range(0, count, 16):
        scenes, cameras = sample_scenes(16, generator), draw_cameras(16, generator)
        chunks.append(render_views(scenes, cameras.azimuth, cameras.elevation, SIZE, cameras.fov))
    return torch.cat([rgb for rgb, _ in chunks])[:count]


@torch.no_grad()
def reconstruct(vae: Any, images: Tensor) -> Tensor:
    """Images (n, 3, h, w) in [0, 1] through the latent and back."""
    device = next(vae.parameters()).device
    parts = [vae.encode(part.to(device) * 2 - 1).latent_dist.mean for part in images.split(ENCODED)]
    return torch.cat([vae.decode(part).sample.cpu() for part in parts]).add(1).div(2).clamp(0, 1)


def psnr(output: Tensor, target: Tensor) -> float:
    """Mean over images (n, 3, h, w) in [0, 1] of the peak signal-to-noise ratio in dB."""
    return float((-10 * (output - target).square().mean((1, 2, 3)).log10()).mean())


def loss_of(vae: Any, image: Tensor, generator: torch.Generator) -> Tensor:
    """Reconstruction through a drawn latent, and a slight KL divergence from unit noise."""
    posterior = vae.encode(image).latent_dist
    noise = torch.randn(posterior.mean.shape, generator=generator).to(image.device)
    output = vae.decode(posterior.mean + posterior.std * noise).sample
    kl = 0.5 * (posterior.mean**2 + posterior.var - 1 - posterior.logvar).mean()
    return reconstruction_loss(output, image) + 5e-5 * kl


def train_vae(folder: Path, data: Path, plan: Plan, begin: Path | None) -> None:
    """Trains on whole views, which see the image border in every sample; saves to `model`."""
    torch.manual_seed(plan.seed)
    vae = (build_vae() if begin is None else load_vae(begin, plan.device)).to(plan.device)
    if begin is None:
        quiet_residuals(vae)
    rate = 3e-3 if begin is None else 1e-3
    fit_vae(Trainer(folder, nn.ModuleDict({"vae": vae}), plan, rate, weight_decay=1e-3), data)
    vae.save_pretrained(folder / "model")


def train_decoder(folder: Path, data: Path, plan: Plan, model: Path) -> None:
    """Trains the decoder of `model` further in its place; latents made with it stay valid."""
    torch.manual_seed(plan.seed)
    vae = load_vae(model, plan.device)
    vae.encoder.requires_grad_(False)
    vae.quant_conv.requires_grad_(False)
    fit_vae(Trainer(folder, nn.ModuleDict({"vae": vae}), plan, 7e-4, weight_decay=1e-3), data)
    vae.save_pretrained(model)


def fit_vae(trainer: Trainer, data: Path) -> None:
    vae, plan = trainer.modules["vae"], trainer.plan
    held_out, images = held_out_views(HELD_OUT), Views.load(data).images

    def loss(generator: torch.Generator) -> Tensor:
        return loss_of(vae, draw_views(images, plan.batch, generator).to(plan.device), generator)

    def check(step: int) -> dict[str, float]:
        return {"psnr": round(psnr(reconstruct(vae, held_out), held_out), 3)}

    trainer.fit(loss, check)
