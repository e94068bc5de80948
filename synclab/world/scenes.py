"""Which scenes exist and how their random parameters are drawn."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from .palette import TIMES

OUTDOOR = [
    "desert",
    "mountains",
    "ocean",
    "meadow",
    "forest",
    "city",
    "canyon",
    "alien planet",
    "village",
]
INDOOR = ["library", "cave", "coral reef"]
BIOMES = OUTDOOR[:8] + ["library", "village", "cave", "coral reef"]
TEXTURES = [
    "brick wall",
    "wooden planks",
    "marble",
    "mosaic tiles",
    "paint splatter",
    "mossy stone",
]
KINDS = BIOMES + TEXTURES
CHANCES = 32
TEXTURE_SHARE = 0.1


@dataclass(frozen=True)
class Scenes:
    """A batch of n scenes; everything that a picture or a caption depends on.

    kind: (n,) index into KINDS; time: (n,) index into TIMES (ignored indoors and by textures).
    sun_longitude, sun_latitude: (n,) radians, of the sun or the moon; clouds: (n,) cover, 0 or
    0.4..1; moon: (n,) 0 or 1; chance: (n, CHANCES) uniform numbers that the layers share out.
    """

    kind: Tensor
    time: Tensor
    sun_longitude: Tensor
    sun_latitude: Tensor
    clouds: Tensor
    moon: Tensor
    chance: Tensor

    def __len__(self) -> int:
        return len(self.kind)

    def __getitem__(self, index: slice | Sequence[int] | Tensor) -> "Scenes":
        pick = index if isinstance(index, slice) else torch.as_tensor(index)
        return Scenes(*(getattr(self, field.name)[pick] for field in fields(self)))


def sample_scenes(
    count: int, generator: torch.Generator, kind: str | None = None, time: str | None = None
) -> Scenes:
    """Draw `count` scenes, the same ones for the same generator state (CPU).

    Without `kind` about nine in ten are biomes, evenly, and the rest textures; `kind` and `time`
    fix them to a name of KINDS or TIMES.
    """

    def uniform(*shape: int) -> Tensor:
        return torch.rand(count, *shape, generator=generator)

    kinds = _mixed_kinds(uniform(), uniform())
    times = (uniform() * len(TIMES)).long()
    kinds = kinds if kind is None else torch.full_like(kinds, KINDS.index(kind))
    times = times if time is None else torch.full_like(times, TIMES.index(time))
    height = torch.tensor([[0.35, 0.75], [0.03, 0.14], [0.22, 0.50], [0.06, 0.20]])[times]
    return Scenes(
        kind=kinds,
        time=times,
        sun_longitude=(uniform() * 2 - 1) * math.pi,
        sun_latitude=torch.lerp(height[:, 0], height[:, 1], uniform()),
        clouds=(uniform() < 0.6).float() * (0.4 + 0.6 * uniform()),
        moon=(uniform() < 0.6).float(),
        chance=uniform(CHANCES),
    )


def _mixed_kinds(chooser: Tensor, chance: Tensor) -> Tensor:
    biome = (chance * len(BIOMES)).long()
    texture = len(BIOMES) + (chance * len(TEXTURES)).long()
    return torch.where(chooser < TEXTURE_SHARE, texture, biome)
