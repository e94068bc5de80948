"""Captioned views of the procedural world, rendered once and kept as bytes."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from synclab.world import Scenes, caption, render_views, sample_scenes

SIZE = 128  # pixels of a view
CHUNK = 64  # views rendered together; each chunk has its own seed and field of view
CAPTIONS = 4  # wordings kept for every view
FOV = (36.0, 100.0)
LEVEL = 30.0  # degrees; views beyond it look steeply up or down


@dataclass(frozen=True)
class Sight:
    """How a training's views look: pixels along a side, a divisor of SIZE, and the shares of views
    near the horizon and of others up to LEVEL degrees; the rest is steep.
    """

    size: int = SIZE
    level: float = 0.5
    tilted: float = 0.25


EVERYWHERE = Sight()


@dataclass(frozen=True)
class Cameras:
    """Azimuth and elevation (n,) in degrees, and one field of view for all."""

    azimuth: Tensor
    elevation: Tensor
    fov: float


@dataclass(frozen=True)
class Chunk:
    """Captioned views: uint8 images (n, 3, size, size), CAPTIONS wordings each, their origin."""

    images: Tensor
    captions: list[list[str]]
    scenes: Scenes
    cameras: Cameras


def draw_elevations(count: int, generator: torch.Generator, sight: Sight = EVERYWHERE) -> Tensor:
    """Degrees (count,) in the shares of `sight`: near the horizon, up to 30, steep.

    One steep view in ten looks straight up or down, where a panorama's poles lie.
    """
    kind, pole = torch.rand(count, generator=generator), torch.rand(count, generator=generator)
    level = torch.randn(count, generator=generator) * 3
    spread = torch.rand(count, generator=generator) * 2 - 1
    sign = torch.where(spread < 0, -1.0, 1.0)
    steep = sign * (LEVEL + (90 - LEVEL) * spread.abs())
    steep = torch.where(pole < 0.1, sign * 90, steep)
    tilted = torch.where(kind < sight.level + sight.tilted, LEVEL * spread, steep)
    return torch.where(kind < sight.level, level, tilted)


def draw_cameras(count: int, generator: torch.Generator, sight: Sight = EVERYWHERE) -> Cameras:
    """Cameras without roll; half of the chunks see 72 degrees, as the panorama task does."""
    azimuth = torch.rand(count, generator=generator) * 360
    elevation = draw_elevations(count, generator, sight)
    draw = torch.rand(2, generator=generator)
    fov = 72.0 if draw[0] < 0.5 else FOV[0] + (FOV[1] - FOV[0]) * float(draw[1])
    return Cameras(azimuth, elevation, fov)


def render_chunk(index: int, seed: int, sight: Sight = EVERYWHERE) -> Chunk:
    """The chunk of a number and a seed: the same on every machine."""
    generator = torch.Generator().manual_seed(seed * 1_000_003 + index)
    scenes = sample_scenes(CHUNK, generator)
    cameras = draw_cameras(CHUNK, generator, sight)
    rgb, _ = render_views(scenes, cameras.azimuth, cameras.elevation, SIZE, cameras.fov)
    rgb = F.avg_pool2d(rgb, SIZE // sight.size)  # small views without jagged edges
    texts = [
        [caption(scenes, i, generator, float(cameras.elevation[i])) for _ in range(CAPTIONS)]
        for i in range(CHUNK)
    ]
    return Chunk((rgb * 255).round().byte(), texts, scenes, cameras)


@dataclass(frozen=True)
class Views:
    """The views rendered so far into a folder, read from disk."""

    images: np.ndarray
    captions: list[list[str]]

    @classmethod
    def load(cls, folder: Path) -> "Views":
        lines = (folder / "captions.jsonl").read_text(encoding="utf-8").splitlines()
        images = np.load(folder / "views.npy", mmap_mode="r")
        return cls(images[: len(lines)], [json.loads(line) for line in lines])

    def __len__(self) -> int:
        return len(self.images)


def render_dataset(folder: Path, count: int, seed: int, sight: Sight = EVERYWHERE) -> None:
    """Fills views.npy and captions.jsonl, chunk by chunk; goes on where it stopped.

    A caption's line is written after its view, so a reader may begin while this still runs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    captions = folder / "captions.jsonl"
    mode = "r+" if captions.exists() else "w+"
    shape = None if captions.exists() else (count, 3, sight.size, sight.size)
    views = np.lib.format.open_memmap(folder / "views.npy", mode, np.uint8, shape)
    done = captions.read_text(encoding="utf-8").count("\n") // CHUNK if captions.exists() else 0
    with captions.open("a", encoding="utf-8") as file:
        for index in tqdm(range(done, len(views) // CHUNK), "views", disable=None):
            chunk = render_chunk(index, seed, sight)
            views[index * CHUNK : (index + 1) * CHUNK] = chunk.images.numpy()
            file.write("".join(json.dumps(texts) + "\n" for texts in chunk.captions))
            file.flush()
