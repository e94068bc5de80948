"""An ambiguous image: one picture that reads differently when turned, flipped or rearranged."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from annotated_types import MinLen

from synclab.core.protocols import Canonical, Cond, Condition, Prior, Sample, Views
from synclab.errors import UserError, nearest
from synclab.spaces.anagram import Anagram
from synclab.spaces.canvas import Canvas
from synclab.spaces.transforms import TRANSFORMS
from synclab.tasks.by_view import join_texts
from synclab.tasks.image import ImageTask
from synclab.tasks.task import cells


class Readings:
    """A condition with one text per view, in the order of the transforms."""

    def __init__(self, texts: Sequence[Condition]) -> None:
        self.texts = texts

    def at(self, views: Views) -> Cond:
        return join_texts(views, lambda view: self.texts[int(view[0])])


@dataclass(frozen=True)
class AmbiguousTask(ImageTask):
    """`transforms` names the views; a prompt gives each its text, separated by "|"."""

    canonical: Canonical = "rgb"
    transforms: Annotated[tuple[str, ...], MinLen(1)] = ("identity", "rotate_180")

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

    def condition(self, prior: Prior, sample: Sample) -> Condition:
        texts = [self.prompt_prefix + text.strip() for text in sample.prompt.split("|")]
        if len(texts) not in (1, len(self.transforms)):
            raise UserError(
                f"prompt={sample.prompt}: {len(texts)} texts for {len(self.transforms)} views;"
                ' expected one per view, separated by "|", or one for all views'
            )
        if len(texts) == 1:
            return prior.embed(texts[0])
        return Readings([prior.embed(text) for text in texts])
