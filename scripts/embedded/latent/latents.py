"""The views' latents, encoded once and kept in half precision."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from synclab.core.hashing import sha256

from ..data.views import SIZE, Views
from .vae import ENCODED, load_vae

CHANNELS = 8
SIDE = SIZE // 8


@dataclass(frozen=True)
class Latents:
    """Posterior means of each view and its mirror image: (n, 2, CHANNELS, SIDE, SIDE), fp16.

    scale: the factor that gives them unit variance.
    """

    values: np.ndarray
    scale: float

    @classmethod
    def load(cls, folder: Path) -> "Latents":
        record = json.loads((folder / "latents.json").read_text(encoding="utf-8"))
        values = np.load(folder / "latents.npy", mmap_mode="r")
        return cls(values[: record["count"]], record["scale"])

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, part: slice) -> "Latents":
        return Latents(self.values[part], self.scale)

    def draw(self, index: Tensor, generator: torch.Generator) -> Tensor:
        """Latents of unit variance (len(index), CHANNELS, SIDE, SIDE), half of them mirrored."""
        side = torch.randint(2, (len(index),), generator=generator)
        rows = self.values[index.numpy(), side.numpy()]
        return torch.from_numpy(rows).float() * self.scale


@torch.no_grad()
def encode(vae: Any, images: Tensor) -> Tensor:
    """Posterior means of uint8 views (n, 3, SIZE, SIZE) and mirrors: (n, 2, ...), fp16, CPU."""
    image = images.to(next(vae.parameters()).device).float() / 127.5 - 1
    pair = [vae.encode(side).latent_dist.mean for side in (image, image.flip(-1))]
    return torch.stack(pair, 1).half().cpu()


def digest_of(network: nn.Module) -> str:
    parts = b"".join(p.detach().cpu().numpy().tobytes() for p in network.parameters())
    return sha256(parts)[:16]


def encode_dataset(folder: Path, model: Path, device: str) -> None:
    """Fills latents.npy and gives the autoencoder's folder its scaling factor.

    Goes on where it stopped, unless the encoder is another.
    """
    images, vae = Views.load(folder).images, load_vae(model, device)
    encoder = digest_of(vae.encoder)
    record = folder / "latents.json"
    found = json.loads(record.read_text(encoding="utf-8")) if record.exists() else {}
    if found.get("encoder") != encoder:
        found = {"count": 0, "encoder": encoder}
    mode = "r+" if found["count"] else "w+"
    shape = None if found["count"] else (len(images), 2, CHANNELS, SIDE, SIDE)
    values = np.lib.format.open_memmap(folder / "latents.npy", mode, np.float16, shape)
    for start in tqdm(range(found["count"], len(images), ENCODED), "latents", disable=None):
        stop = min(start + ENCODED, len(images))
        values[start:stop] = encode(vae, torch.from_numpy(np.array(images[start:stop]))).numpy()
        found["count"] = stop
        if stop % 4096 == 0 or stop == len(images):
            # The first views set the scale, so that a denoiser may begin before all are encoded.
            found.setdefault("scale", round(1 / float(values[:stop].astype(np.float32).std()), 5))
            record.write_text(json.dumps(found) + "\n", encoding="utf-8")
    vae.register_to_config(scaling_factor=found["scale"])
    vae.save_config(model)
