"""Samples of every kind of scene while a denoiser is trained, always from the same noise."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from synclab.world import KINDS, OUTDOOR, TIMES

from ..cards.sheets import sheet
from ..data.prompts import plain
from ..training.diffusion import Guided
from .latents import CHANNELS, SIDE, Latents
from .text import build_tokenizer, tokenize
from .vae import load_vae

ROWS = 3
STEPS = 15
GUIDANCE = 5.0


def prompts() -> list[str]:
    """A plain prompt of every kind, outdoors at the times in turn."""
    times = [TIMES[i % 4] if kind in OUTDOOR else None for i, kind in enumerate(KINDS)]
    return [plain(kind, time) for kind, time in zip(KINDS, times, strict=True)]


@dataclass(frozen=True)
class Preview:
    """Draws contact sheets into a folder."""

    folder: Path
    vae: Any
    scale: float
    device: str

    @classmethod
    def beside(cls, folder: Path, data: Path, device: str) -> "Preview":
        """Previews under `folder` by the autoencoder and the latents' scale of a data folder."""
        vae = load_vae(data / "vae" / "model", device)
        return cls(folder / "previews", vae, Latents.load(data).scale, device)

    @torch.no_grad()
    def draw(self, unet: Any, text_encoder: Any, step: int) -> None:
        """Writes `folder`/STEP.png."""
        tokens = tokenize(build_tokenizer(), ["", *prompts()]).to(self.device)
        empty, *contexts = text_encoder(tokens).last_hidden_state
        shape = (len(contexts), CHANNELS, SIDE, SIDE)
        noise = torch.randn(shape, generator=torch.Generator().manual_seed(0)).to(self.device)
        guided = Guided(unet, empty, GUIDANCE)
        latents = guided.sample(noise, torch.stack(contexts), STEPS)
        images = self.vae.decode(latents / self.scale).sample / 2 + 0.5
        self.folder.mkdir(parents=True, exist_ok=True)
        sheet(images, ROWS).save(self.folder / f"{step:07d}.png")
