"""Prompts that the embedded prior is scored with."""

from dataclasses import dataclass

import torch

from synclab.world import KINDS, OUTDOOR, TIMES, Scenes, caption, sample_scenes
from synclab.world.captions import ENDINGS, MOMENT_WORDS, MOMENTS, OPENERS, is_unknown

SEED = 1001  # training drew from seeds below
WORDINGS = ("plain", "without filler", "with filler")


@dataclass(frozen=True)
class Prompt:
    """A text, what it asks for (no time: not outdoors), and its wording, one of WORDINGS."""

    text: str
    kind: str
    time: str | None
    wording: str


def plain(kind: str, time: str | None) -> str:
    """What a user would type first: "a desert at night"."""
    article = "an" if kind[0] in "aeiou" else "a"
    return f"{article} {kind}" + (f" at {time}" if time else "")


def is_filled(text: str) -> bool:
    """Whether a caption has filler words: openers, endings, invented ones."""
    parts = text.split(", ")
    opened = any(part.startswith(f"{opener} ") for part in parts for opener in OPENERS)
    return opened or any(part in ENDINGS for part in parts) or any(map(is_unknown, text.split()))


def names_time(text: str, time: str | None) -> bool:
    """Whether a caption names its time; else the judge could not score it. True indoors."""
    words = f" {text.replace(',', '')} "
    return time is None or any(
        f" {phrase} " in words for phrase in MOMENTS[time] + MOMENT_WORDS[time]
    )


def worded(scenes: Scenes, index: int, wording: str, generator: torch.Generator) -> Prompt:
    """A caption of a scene with or without filler words, drawn again until it fits."""
    kind = KINDS[int(scenes.kind[index])]
    time = TIMES[int(scenes.time[index])] if kind in OUTDOOR else None
    while True:
        text = caption(scenes, index, generator)
        if names_time(text, time) and is_filled(text) == (wording == "with filler"):
            return Prompt(text, kind, time, wording)


def prompts_of(kind: str, time: str | None, count: int, generator: torch.Generator) -> list[Prompt]:
    """The plain prompt, then captions of fresh scenes, without and with filler words in turn."""
    scenes = sample_scenes(count, generator, kind, time)
    wordings = [WORDINGS[1 + index % 2] for index in range(count - 1)]
    captions = [worded(scenes, i, wording, generator) for i, wording in enumerate(wordings)]
    return [Prompt(plain(kind, time), kind, time, "plain"), *captions]


def draw_prompts(kinds: list[str], count: int) -> list[Prompt]:
    """`count` prompts for every kind and, outdoors, for every time of each."""
    generator = torch.Generator().manual_seed(SEED)
    cells = [(kind, time) for kind in kinds for time in (TIMES if kind in OUTDOOR else [None])]
    return [prompt for cell in cells for prompt in prompts_of(*cell, count, generator)]
