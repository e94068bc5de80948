"""An ambiguous image: one picture that reads differently when turned, flipped or rearranged."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import MinLen

from synclab.core.protocols import Canonical, Condition, Method, Prior, Sample
from synclab.errors import UserError, nearest
from synclab.spaces.anagram import Anagram
from synclab.spaces.canvas import Canvas
from synclab.spaces.transforms import TRANSFORMS
from synclab.tasks.by_view import embed_texts, refuse_sequential, split_texts
from synclab.tasks.image import ImageTask
from synclab.tasks.task import cells


@dataclass(frozen=True)
class AmbiguousTask(ImageTask):
    """`transforms` names the views; a prompt gives each its text, separated by "|"."""

    overlaps: ClassVar[bool] = False

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

    def check(self, method: Method, name: str) -> None:
        """Also refuses methods that paint each cell once."""
        super().check(method, name)
        refuse_sequential(method, name)

    def check_prompt(self, prompt: str) -> None:
        """Refuses a number of texts that is neither 1 nor that of the views."""
        split_texts(prompt, len(self.transforms), "view")

    def condition(self, prior: Prior, sample: Sample) -> Condition:
        texts = split_texts(sample.prompt, len(self.transforms), "view")
        return embed_texts(prior, [self.prompt_prefix + text for text in texts])
