"""The readings of an ambiguous image, and true views of what each should show."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from synclab.core.protocols import Sample
from synclab.core.text import texts_of
from synclab.metrics.views import Cutter, Row
from synclab.metrics.world_reference import WorldReference
from synclab.spaces.anagram import Anagram
from synclab.store.pictures import UnusableError

GREY = 127.5
"""The colour that negation keeps."""


@dataclass(frozen=True)
class Readings(Cutter):
    """A picture as each of its task's transforms shows it: task=ambiguous."""

    def key(self, row: Row) -> str:
        return f"{self} {transforms_of(row)}"

    def cut(self, picture: Tensor, row: Row) -> Tensor:
        channels, height, width = picture.shape
        space = Anagram(
            channels=channels,
            height=height,
            width=width,
            view_size=height,
            transforms=tuple(transforms_of(row)),
            offset=GREY,
        )
        return space.project(picture.float(), space.all_views()).round().byte()


def transforms_of(row: Row) -> Sequence[str]:
    """The names of the views that a row's picture was made for.

    Raises: UnusableError for pictures of other tasks, and ingested ones, which do not say.
    """
    named = row.get("config", {}).get("task", {}).get("transforms")
    if named is None:
        raise UnusableError("its row names no task.transforms; only task=ambiguous has readings")
    return named


@dataclass(frozen=True)
class ReadingReference(WorldReference):
    """Level views of the scenes that the readings' texts name, in turn.

    A prompt of n texts has text seed % n of scene seed // n.
    """

    path: str = "reference/ambiguous/world"

    def render(self, sample: Sample) -> bytes:
        texts = texts_of(sample.prompt)
        scene, reading = divmod(sample.seed, len(texts))
        return self.view(texts[reading], scene, self.fov)
