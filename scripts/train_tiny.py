"""Trains the embedded prior on the procedural world.

    python scripts/train_tiny.py views vae latents unet export --folder runs/tiny

Each stage goes on where it stopped when it is run again; later stages read what earlier ones left
in the folder. Losses go to `<stage>/loss.jsonl`, the finished model to `--output`.
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch: spinning threads starve others

import argparse
import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from diffusers.models.resnet import ResnetBlock2D
from tiny_text import build_text_encoder, build_tokenizer, tokenize
from torch import Tensor, nn
from tqdm import tqdm
from training import Trainer

from synclab.core.schedule import Schedule
from synclab.world import Scenes, caption, render_views, sample_scenes

log = logging.getLogger("train_tiny")

SIZE = 128  # pixels of a view
CHUNK = 64  # views rendered together; each chunk has its own seed and field of view
CAPTIONS = 4  # wordings kept for every view
ENCODED = 16  # views encoded together; more only fill the caches of a CPU


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


def quiet_residuals(network: nn.Module) -> None:
    """Every residual block starts as its shortcut, which makes the first steps count."""
    for module in network.modules():
        if isinstance(module, ResnetBlock2D):
            nn.init.zeros_(module.conv2.weight)
            nn.init.zeros_(module.conv2.bias)  # type: ignore


def build_unet() -> Any:
    return UNet2DConditionModel(
        sample_size=SIZE // 8,
        in_channels=8,
        out_channels=8,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        block_out_channels=(96, 192, 256),
        layers_per_block=1,
        cross_attention_dim=128,
        attention_head_dim=4,
        use_linear_projection=True,
    )


def draw_cameras(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor, float]:
    """Azimuths and elevations in degrees and a common field of view.

    Most views are level and 72 degrees wide, as the panorama task asks for; one chunk in six looks
    anywhere on the sphere and one in six through another lens.
    """
    draw = torch.rand(2, generator=generator)
    azimuth = torch.rand(count, generator=generator) * 360
    elevation = torch.randn(count, generator=generator) * 3
    if draw[0] < 1 / 6:
        elevation = torch.rad2deg(torch.asin(torch.rand(count, generator=generator) * 2 - 1))
    fov = 40 + 55 * float(torch.rand((), generator=generator)) if draw[1] < 1 / 6 else 72.0
    return azimuth, elevation, fov


def wordings(scenes: Scenes, elevation: Tensor, generator: torch.Generator) -> list[list[str]]:
    return [
        [caption(scenes, i, generator, float(elevation[i])) for _ in range(CAPTIONS)]
        for i in range(len(scenes))
    ]


def render_chunk(index: int, seed: int) -> tuple[Tensor, list[list[str]], Scenes]:
    """One chunk of captioned views: uint8 images (CHUNK, 3, SIZE, SIZE), wordings, scenes."""
    generator = torch.Generator().manual_seed(seed * 1_000_003 + index)
    scenes = sample_scenes(CHUNK, generator)
    azimuth, elevation, fov = draw_cameras(CHUNK, generator)
    rgb, _ = render_views(scenes, azimuth, elevation, SIZE, fov)
    return (rgb * 255).round().byte(), wordings(scenes, elevation, generator), scenes


def render_dataset(folder: Path, count: int, seed: int) -> None:
    """Fills views.npy and captions.jsonl, chunk by chunk."""
    shape = (count, 3, SIZE, SIZE)
    captions = folder / "captions.jsonl"
    views = np.lib.format.open_memmap(
        folder / "views.npy", "r+" if captions.exists() else "w+", np.uint8, shape
    )
    done = captions.read_text().count("\n") // CHUNK if captions.exists() else 0
    with captions.open("a") as file:
        for index in tqdm(range(done, count // CHUNK), "views", disable=None):
            images, texts, _ = render_chunk(index, seed)
            views[index * CHUNK : (index + 1) * CHUNK] = images.numpy()
            file.write("".join(json.dumps(text) + "\n" for text in texts))
            file.flush()


def load_views(folder: Path) -> np.ndarray:
    return np.load(folder / "views.npy", mmap_mode="r")


def crops(views: np.ndarray, count: int, size: int, generator: torch.Generator) -> Tensor:
    """Random square crops in [-1, 1]: (count, 3, size, size), half of them mirrored."""
    index = torch.randint(len(views), (count,), generator=generator).tolist()
    corner = torch.randint(SIZE - size + 1, (count, 2), generator=generator).tolist()
    images = [
        views[i][:, y : y + size, x : x + size] for i, (y, x) in zip(index, corner, strict=True)
    ]
    batch = torch.from_numpy(np.stack(images)).float() / 127.5 - 1
    return torch.cat([batch[: count // 2], batch[count // 2 :].flip(-1)])


def gradients(image: Tensor) -> tuple[Tensor, Tensor]:
    return image.diff(dim=-1), image.diff(dim=-2)


def reconstruction_loss(output: Tensor, target: Tensor) -> Tensor:
    """L1 and squared error of the pixels, L1 of their gradients over three scales."""
    loss = (output - target).abs().mean() + 2 * F.mse_loss(output, target)
    for _ in range(3):
        pairs = zip(gradients(output), gradients(target), strict=True)
        loss = loss + 0.5 * sum((a - b).abs().mean() for a, b in pairs)
        output, target = F.avg_pool2d(output, 2), F.avg_pool2d(target, 2)
    return loss


def train_vae(folder: Path, steps: int, device: str, seed: int) -> None:
    """Crops of 64 px first, whole views for the last fifth, the same number of pixels a step.

    Crops see an image border in every sample, so that no rim appears at the edge of a view.
    """
    torch.manual_seed(seed)
    vae = build_vae().to(device)
    quiet_residuals(vae)
    trainer = Trainer(
        folder / "vae", nn.ModuleDict({"vae": vae}), steps, 3e-3, seed=seed, weight_decay=1e-3
    )
    views = load_views(folder)
    switch = steps * 4 // 5

    def loss(generator: torch.Generator) -> Tensor:
        whole = generator.initial_seed() - seed * 1_000_003 >= switch
        image = crops(views, *((4, 128) if whole else (16, 64)), generator).to(device)
        posterior = vae.encode(image).latent_dist
        noise = torch.randn(posterior.mean.shape, generator=generator).to(device)
        output = vae.decode(posterior.mean + posterior.std * noise).sample
        kl = 0.5 * (posterior.mean**2 + posterior.var - 1 - posterior.logvar).mean()
        return reconstruction_loss(output, image) + 5e-5 * kl

    trainer.fit(loss)
    vae.save_pretrained(folder / "vae" / "model")


def load_vae(folder: Path, device: str) -> Any:
    model: Any = AutoencoderKL.from_pretrained(folder / "vae" / "model")
    return model.to(device)


@torch.no_grad()
def encode_dataset(folder: Path, device: str) -> None:
    """Posterior means of every view and of its mirror image, scaled to unit variance, as fp16."""
    vae, views, batches = load_vae(folder, device), load_views(folder), []
    for start in tqdm(range(0, len(views), ENCODED), "latents", disable=None):
        batch = np.array(views[start : start + ENCODED])
        image = torch.from_numpy(batch).to(device).float() / 127.5 - 1
        pair = [vae.encode(side).latent_dist.mean for side in (image, image.flip(-1))]
        batches.append(torch.stack(pair, 1).half().cpu())
    latents = torch.cat(batches)
    scale = 1 / latents.float().std()
    torch.save({"latents": (latents.float() * scale).half(), "scale": scale}, folder / "latents.pt")
    vae.register_to_config(scaling_factor=round(float(scale), 5))
    vae.save_pretrained(folder / "vae" / "model")


def uneven_noise(like: Tensor, generator: torch.Generator) -> Tensor:
    """Unit noise with a random share of very low frequencies.

    Stable Diffusion's schedule ends at abar = 0.0047, where white noise still leaves the mean
    colour of a 16 x 16 latent readable. A network reads the time of day there and never learns the
    word for it: after 1,336 steps the judge found the time asked for in 24 % of samples, which is
    chance.
    """
    white = torch.randn(like.shape, generator=generator)
    coarse = torch.randn(*like.shape[:2], 2, 2, generator=generator)
    slow = F.interpolate(coarse, like.shape[2:], mode="bilinear", align_corners=True)
    share = 0.4 * torch.rand(len(like), 1, 1, 1, generator=generator)
    return (white + share * slow) / (1 + share**2) ** 0.5


def train_unet(folder: Path, steps: int, batch: int, device: str, seed: int) -> None:
    """Noise prediction, min-SNR(5) weights; the text encoder learns along; a tenth unprompted.

    Half of the times are late ones, where prompts decide most.
    """
    torch.manual_seed(seed)
    tokenizer = build_tokenizer()
    text_encoder = build_text_encoder(tokenizer).to(device)
    unet = build_unet().to(device)
    quiet_residuals(unet)
    modules = nn.ModuleDict({"unet": unet, "text_encoder": text_encoder})
    trainer = Trainer(folder / "unet", modules, steps, 1.5e-3, seed=seed, averaging=0.998)
    latents = torch.load(folder / "latents.pt", weights_only=True)["latents"]
    texts = [json.loads(line) for line in (folder / "captions.jsonl").read_text().splitlines()]
    tokens = tokenize(tokenizer, [text for group in texts for text in group]).view(
        len(texts), CAPTIONS, -1
    )
    empty = tokenize(tokenizer, [""])[0]
    schedule = Schedule.scaled_linear()

    def loss(generator: torch.Generator) -> Tensor:
        def draw(high: int) -> Tensor:
            return torch.randint(high, (batch,), generator=generator)

        index = draw(len(latents))
        t = torch.where(draw(2) == 0, draw(1000), 700 + draw(300))
        x0 = latents[index, draw(2)].float()
        words = tokens[index, draw(CAPTIONS)]
        words = torch.where((draw(10) == 0)[:, None], empty, words)
        eps = uneven_noise(x0, generator)
        abar = schedule.abar[t].float().view(-1, 1, 1, 1)
        x = abar.sqrt() * x0 + (1 - abar).sqrt() * eps
        context = text_encoder(words.to(device)).last_hidden_state
        prediction = unet(x.to(device), t.to(device), context).sample
        weight = (5 * (1 - abar) / abar).clamp(max=1).flatten().to(device)  # min(SNR, 5) / SNR
        return (weight * (prediction - eps.to(device)).square().mean((1, 2, 3))).mean()

    trainer.fit(loss)
    unet.save_pretrained(folder / "unet" / "model")
    text_encoder.save_pretrained(folder / "unet" / "text_encoder")


def export(folder: Path, output: Path) -> None:
    """Writes an ordinary Stable Diffusion folder in half precision."""
    from transformers import CLIPTextModel

    scheduler: Any = DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False
    )
    pipeline = StableDiffusionPipeline(
        vae=load_vae(folder, "cpu"),
        text_encoder=CLIPTextModel.from_pretrained(folder / "unet" / "text_encoder"),
        tokenizer=build_tokenizer(),
        unet=UNet2DConditionModel.from_pretrained(folder / "unet" / "model"),
        scheduler=scheduler,
        safety_checker=None,  # type: ignore
        feature_extractor=None,  # type: ignore
        requires_safety_checker=False,
    )
    pipeline.to(dtype=torch.float16).save_pretrained(output)
    log.info("wrote %s", output)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    stages = ["views", "vae", "latents", "unet", "export"]
    parser.add_argument("stages", nargs="+", choices=stages)
    parser.add_argument("--folder", type=Path, default=Path("runs/tiny"))
    parser.add_argument("--output", type=Path, default=Path("synclab/assets/tiny"))
    parser.add_argument("--views", type=int, default=12288)
    parser.add_argument("--vae-steps", type=int, default=2000)
    parser.add_argument("--unet-steps", type=int, default=2600)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    args.folder.mkdir(parents=True, exist_ok=True)
    run = {
        "views": lambda: render_dataset(args.folder, args.views, args.seed),
        "vae": lambda: train_vae(args.folder, args.vae_steps, args.device, args.seed),
        "latents": lambda: encode_dataset(args.folder, args.device),
        "unet": lambda: train_unet(
            args.folder, args.unet_steps, args.batch, args.device, args.seed
        ),
        "export": lambda: export(args.folder, args.output),
    }
    for stage in args.stages:
        run[stage]()


if __name__ == "__main__":
    main()
