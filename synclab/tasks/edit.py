"""Edits of a picture from one text to another."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import torch
import torch.nn.functional as F
from annotated_types import Interval
from torch import Tensor

from synclab.core.known import Inverted
from synclab.core.pictures import Pixels
from synclab.core.protocols import (
    Canonical,
    Condition,
    Method,
    Prior,
    Rng,
    Sample,
    Space,
    TimeSteps,
    Views,
)
from synclab.core.solvers import inversion_path
from synclab.core.text import texts_of
from synclab.errors import UserError
from synclab.tasks.by_view import ByNumber
from synclab.tasks.edit_mask import attention_mask, difference_mask
from synclab.tasks.image import ImageTask
from synclab.tasks.known import check_keeps_known
from synclab.tasks.picture import check_shape, find_picture, read_file, read_opaque
from synclab.world import KINDS
from synclab.world.request import asked, rendering

ONE: Views = ((0.0,),)

MAPS = 10
"""Times of the inversion at which attention is recorded, evenly spaced."""


@dataclass(frozen=True)
class EditTask(ImageTask):
    """A prompt is "source | target": what the picture shows, and what it shall show.

    The picture is inverted by DDIM under the source's text. `mask` selects what may change: where
    the network's predictions for both texts differ, where it attends to those words of the source
    that the target lacks (SyncSDE, eq. 12), everything, or the white part of a file. The rest is
    the known region, whose noisy states are the inverted ones.
    Without a `picture` the source is the embedded world's rendering of its text, drawn with the
    sample's seed, and the true edit is known: see `eval=embedded_edit`.
    """

    edits: ClassVar[bool] = True

    canonical: Canonical = "latent"
    picture: str | None = None
    mask: str = "difference"
    mask_threshold: Annotated[float, Interval(ge=0, le=1)] = 0.3
    inversion_steps: TimeSteps = 50

    def __post_init__(self) -> None:
        self.inputs()
        if self.canonical == "rgb":
            raise UserError(
                "task.canonical=rgb: inversion needs the network's own states; expected latent"
            )

    def inputs(self) -> Mapping[str, Path]:
        named = {"picture": self.picture, "mask": None if self.has_no_file else self.mask}
        return {k: find_picture(path, f"task.{k}") for k, path in named.items() if path is not None}

    @property
    def has_no_file(self) -> bool:
        """Whether `mask` is one of the words, not a file."""
        return self.mask in ("attention", "difference", "everything")

    def check(self, method: Method, name: str) -> None:
        """Refuses also methods that neither edit nor keep what is known, and unreadable files."""
        super().check(method, name)
        if not method.needs_source:
            check_keeps_known(method, name)
        if self.picture is not None:
            read_file(self.picture, "task.picture")
        if not self.has_no_file:
            self.read_mask()

    def check_prompt(self, prompt: str) -> None:
        """Also refuses a source that the embedded world cannot render."""
        source, _ = self.texts(prompt)
        if self.picture is None and asked(source) is None:
            raise UserError(
                f"prompt={prompt}: its source names none of the embedded world's scenes; expected"
                f" one of {', '.join(KINDS)}, or a picture to edit: task.picture=FILE"
            )

    def texts(self, prompt: str) -> tuple[str, str]:
        """The texts of the source and of the target."""
        count = prompt.count("|") + 1
        if count != 2:
            raise UserError(
                f"prompt={prompt}: {count} texts; expected two, of the source and of the target,"
                ' such as "a desert on a sunny day | a desert at night"'
            )
        texts = texts_of(prompt)
        return texts[0], texts[-1]

    def condition(self, prior: Prior, sample: Sample) -> Condition:
        """The target's text, and the source's for the view `SOURCE`."""
        source, target = (prior.embed(self.prompt_prefix + t) for t in self.texts(sample.prompt))
        return ByNumber([target, source])

    def space(self, prior: Prior, rng: Rng, sample: Sample) -> Space:
        canvas = self.own_canvas(prior, rng)
        z = self.encode(prior, self.source(sample, prior.image_size).to(prior.device))
        source, _ = self.texts(sample.prompt)
        cond = prior.embed(self.prompt_prefix + source).at(ONE)
        pairs = reversed(prior.schedule.steps(self.inversion_steps))
        times = [0, *(t for t, _ in pairs)]
        path = [(t, x[0], eps[0]) for t, x, eps in inversion_path(prior, z[None], times, cond, 1.0)]
        kept = 1 - self.region(prior, sample, path, rng).to(z)
        canvas.initial, canvas.known = z, Inverted(z, kept, tuple(path))
        return canvas

    def source(self, sample: Sample, size: int) -> Tensor:
        """The picture to edit (3, size, size) in [0, 1]."""
        if self.picture is not None:
            return read_opaque(self.picture, "task.picture", size, size)
        scene = asked(self.texts(sample.prompt)[0]) or ("desert", None)  # plans have no prompt
        return rendering(*scene, sample.seed, size)

    def region(
        self, prior: Prior, sample: Sample, path: Sequence[tuple[int, Tensor, Tensor]], rng: Rng
    ) -> Tensor:
        """1 in the cells (1, h, w) that may change, 0 elsewhere."""
        size = prior.shape[-2:]
        if self.mask == "everything":
            return torch.ones(1, *size)
        if not self.has_no_file:
            return F.interpolate(self.read_mask().float()[None], size, mode="nearest-exact")[0]
        texts = [self.prompt_prefix + text for text in self.texts(sample.prompt)]
        source, target = (prior.embed(text).at(ONE) for text in texts)
        if self.mask == "difference":
            soft = difference_mask(prior, path[0][1], source, target, rng)
        else:
            places = prior.token_places(texts[0], changed_words(*texts))
            states = [(t, x) for t, x, _ in path[1 :: max(1, len(path) // MAPS)]]
            soft = attention_mask(prior, states, source, places)
        return (soft > self.mask_threshold).float()

    def read_mask(self) -> Tensor:
        """Where a mask's file is white (1, H, W)."""
        pixels: Pixels = read_file(self.mask, "task.mask")
        check_shape(pixels, 1, 1, f"task.mask={self.mask}")
        white = pixels.known & (pixels.colour.mean(0, keepdim=True) >= 0.5)
        if not white.any():
            raise UserError(f"task.mask={self.mask}: nothing is white; expected some of it to be")
        return white


def changed_words(source: str, target: str) -> Collection[str]:
    """The words of the source that the target lacks."""
    return set(source.split()) - set(target.split())
