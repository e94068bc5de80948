"""Two views of each scene of the procedural world, rendered once and kept as bytes."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from synclab.world import Scenes, render_views, sample_scenes

from ..data.views import CHUNK, SIZE, draw_elevations

FOV = 72.0  # degrees, as the panorama task's views
APART = (36.0, 180.0)  # degrees between the azimuths of the two views


@dataclass(frozen=True)
class Pairs:
    """Views of n scenes: uint8 images (n, 2, 3, 128, 128), kind and time (n,) as indices, and the
    elevation (n,) of both views in degrees.
    """

    images: Tensor
    kind: Tensor
    time: Tensor
    elevation: Tensor

    def __len__(self) -> int:
        return len(self.kind)


def render_pairs(index: int, seed: int) -> Pairs:
    """The chunk of a number and a seed: the same on every machine."""
    generator = torch.Generator().manual_seed(seed * 1_000_003 + index)
    scenes = sample_scenes(CHUNK, generator)
    azimuth = torch.rand(CHUNK, generator=generator) * 360
    turn = APART[0] + (APART[1] - APART[0]) * torch.rand(CHUNK, generator=generator)
    elevation = draw_elevations(CHUNK, generator)
    views = [look(scenes, around, elevation) for around in (azimuth, azimuth + turn)]
    return Pairs(torch.stack(views, 1), scenes.kind, scenes.time, elevation)


def look(scenes: Scenes, azimuth: Tensor, elevation: Tensor) -> Tensor:
    rgb, _ = render_views(scenes, azimuth, elevation, SIZE, FOV)
    return (rgb * 255).round().byte()


def cached_pairs(folder: Path, count: int, seed: int) -> Pairs:
    """`count` scenes, a multiple of the chunk; a rendering that was interrupted goes on."""
    folder.mkdir(parents=True, exist_ok=True)
    for index in tqdm(range(count // CHUNK), folder.name, disable=None):
        path = folder / f"{seed}-{index:04d}.npz"
        if not path.exists():
            save(render_pairs(index, seed), path)
    paths = [folder / f"{seed}-{index:04d}.npz" for index in range(count // CHUNK)]
    return join([load(path) for path in paths])


def save(pairs: Pairs, path: Path) -> None:
    temporary = path.with_suffix(".tmp.npz")
    np.savez(temporary, **{name: value.numpy() for name, value in vars(pairs).items()})
    temporary.rename(path)


def load(path: Path) -> Pairs:
    with np.load(path) as file:
        return Pairs(**{name: torch.from_numpy(file[name]) for name in file.files})


def join(parts: list[Pairs]) -> Pairs:
    names = vars(parts[0])
    return Pairs(**{name: torch.cat([vars(part)[name] for part in parts]) for name in names})
