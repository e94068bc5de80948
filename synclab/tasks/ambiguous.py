"""An ambiguous image: one picture that reads differently when turned, flipped or rearranged."""

from dataclasses import dataclass
from typing import Annotated, Any

import torch
from annotated_types import MinLen

from synclab.core.protocols import Cond, Sample, Space, Views
from synclab.errors import UserError, nearest
from synclab.spaces.anagram import Anagram
from synclab.spaces.transforms import TRANSFORMS
from synclab.tasks.image import ImageTask
from synclab.tasks.task import Canonical, cells


class Readings:
    """The text of each view, in the order of the transforms."""

    def __init__(self, texts: list[Any]) -> None:
        self.texts = texts

    def at(self, views: Views) -> Any:
        read = [self.texts[int(view[0])].at((view,)) for view in views]
        stacks = zip(*(vars(one).values() for one in read), strict=True)
        return type(read[0])(*map(torch.cat, stacks))


@dataclass(frozen=True)
class AmbiguousTask(ImageTask):
    """`transforms` names the views; a prompt gives each its text, separated by "|"."""

    transforms: Annotated[tuple[str, ...], MinLen(1)] = ("identity", "rotate_180")

    def __post_init__(self) -> None:
        for name in self.transforms:
            if name not in TRANSFORMS:
                raise UserError(f"task.transforms={name}: {nearest(name, TRANSFORMS)}")

    def canvas(self, prior: Any, canonical: Canonical) -> Space:
        cell = cells(prior, canonical)
        size, offset = cell["view_size"], 0.5 if canonical == "rgb" else 0.0
        return Anagram(**cell, height=size, width=size, transforms=self.transforms, offset=offset)

    def condition(self, prior: Any, sample: Sample) -> Cond:
        texts = [self.prompt_prefix + text.strip() for text in sample.prompt.split("|")]
        if len(texts) not in (1, len(self.transforms)):
            raise UserError(
                f"prompt={sample.prompt}: {len(texts)} texts for {len(self.transforms)} views;"
                ' expected one for each, separated by "|", or one for all'
            )
        if len(texts) == 1:
            return prior.embed(texts[0])
        return Readings([prior.embed(text) for text in texts])
