"""An ambiguous image: one picture that reads differently when turned, flipped or rearranged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import torch.nn.functional as F
from annotated_types import MinLen

from synclab.core.protocols import Canonical, Condition, Method, Prior, Sample
from synclab.core.streams import Streams
from synclab.errors import UserError, nearest
from synclab.spaces.anagram import Anagram
from synclab.spaces.canvas import Canvas
from synclab.spaces.transforms import TRANSFORMS
from synclab.tasks.by_view import refuse_sequential, split_texts
from synclab.tasks.image import ImageTask
from synclab.tasks.picture import picture_of, read_file
from synclab.tasks.task import cells


@dataclass(frozen=True)
class AmbiguousTask(ImageTask):
    """`transforms` names the views; a prompt gives each its text, separated by "|".

    `start` is a folder of `<sample id>.png`, such as a run's: small pictures that a prior of
    super-resolution enlarges under the same texts and views.
    """

    provides: ClassVar[tuple[str, ...]] = ("coarse",)
    overlaps: ClassVar[bool] = False

    canonical: Canonical = "rgb"
    transforms: Annotated[tuple[str, ...], MinLen(1)] = ("identity", "rotate_180")
    start: str | None = None

    def __post_init__(self) -> None:
        for name in self.transforms:
            if name not in TRANSFORMS:
                raise UserError(f"task.transforms={name}: {nearest(name, TRANSFORMS)}")

    @property
    def version(self) -> int:
        """2 since the inner circle has the radius of Visual Anagrams."""
        return 2 if "inner_circle" in self.transforms else 1

    def canvas(self, prior: Prior, canonical: Canonical) -> Canvas:
        cell = cells(prior, canonical)
        size, offset = cell["view_size"], 0.5 if canonical == "rgb" else 0.0
        return Anagram(**cell, height=size, width=size, transforms=self.transforms, offset=offset)

    def check(self, method: Method, name: str) -> None:
        """Also refuses methods that paint each cell once."""
        super().check(method, name)
        refuse_sequential(method, name)

    def texts(self, prompt: str) -> Sequence[str]:
        return split_texts(prompt, len(self.transforms), "view")

    def check_prior(self, prior: Prior, name: str) -> None:
        """Also refuses a prior of super-resolution without pictures, and pictures without one."""
        super().check_prior(prior, name)
        enlarges = "coarse" in prior.needs
        if enlarges and self.start is None:
            raise UserError(
                f"prior={name}: enlarges pictures, and task.start=null names none; make them first"
                " with the same prompts and prior=if_1, and use task.start=FOLDER of that run"
            )
        if self.start is not None and not enlarges:
            raise UserError(
                f"task.start={self.start}: prior={name} enlarges no pictures; expected a prior of"
                " super-resolution, such as prior=if_2; or use task.start=null"
            )

    def inputs(self) -> Mapping[str, Path]:
        """The folder of small pictures, if there is one."""
        return {} if self.start is None else {"start": Path(self.start).expanduser()}

    def condition(self, prior: Prior, sample: Sample) -> Condition:
        condition = super().condition(prior, sample)
        if self.start is None:
            return condition
        return self.enlarging(prior, condition, sample, self.start)

    def enlarging(self, prior: Prior, text: Condition, sample: Sample, start: str) -> Condition:
        """The text with the views of a sample's small picture, resized as in Visual Anagrams.

        Raises: UserError if there is no picture of the sample.
        """
        make = "make it first with the same prompt and prior=if_1"
        small = read_file(picture_of(start, sample, make), "task.start").colour
        pixels, noises = self.canvas(prior, "rgb"), self.canvas(prior, "latent")
        size = pixels.shape[1:]
        coarse = F.interpolate(small[None], size, mode="bilinear", align_corners=True)[0]
        coarse = coarse.to(prior.device)
        rng = Streams("coarse", sample.prompt, sample.seed, device=prior.device)
        eps = rng.normal("noise", pixels.shape)
        return prior.with_coarse(
            text,
            lambda views: pixels.project(coarse, views),
            lambda views: noises.project(eps, views),
        )
