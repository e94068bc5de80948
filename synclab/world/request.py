"""Scenes that a prompt asks for, and their renderings."""

import re

import torch
from torch import Tensor

from synclab.core.streams import Streams
from synclab.world.captions import MOMENT_WORDS, MOMENTS, NOUNS
from synclab.world.palette import TIMES
from synclab.world.render import render_views
from synclab.world.scenes import KINDS, OUTDOOR, sample_scenes


def asked(prompt: str) -> tuple[str, str | None] | None:
    """The kind and, if any, the time that a prompt names in the vocabulary of the captions.

    None if it names no kind.
    """
    kind = named(prompt, {kind: [kind, *NOUNS[kind]] for kind in KINDS})
    if kind is None:
        return None
    times = {time: [*MOMENTS[time], *MOMENT_WORDS[time]] for time in TIMES}
    return kind, named(prompt, times) if kind in OUTDOOR else None


def named(prompt: str, phrases: dict[str, list[str]]) -> str | None:
    """The name of the longest phrase that occurs in the prompt; None if none does."""
    text = f" {' '.join(re.findall(r'[a-z0-9]+', prompt.lower()))} "
    found = [(len(p), name) for name, own in phrases.items() for p in own if f" {p} " in text]
    return max(found)[1] if found else None


def rendering(kind: str, time: str | None, seed: int, size: int, fov: float = 72.0) -> Tensor:
    """A level view (3, size, size) in [0, 1] of a scene drawn with a seed.

    Scenes of the same seed differ in kind and time only: camera, sun, clouds and all other random
    numbers are the same.
    """
    generator = Streams("world", "edit", seed).generator("scene")
    scene = sample_scenes(1, generator, kind, time)
    azimuth = 360 * torch.rand(1, generator=generator)
    return render_views(scene, azimuth, torch.zeros(1), size, fov)[0][0]
