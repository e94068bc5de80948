"""True long motions of the procedural world: one request after another, as a prompt asks."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, ClassVar

import numpy as np
from annotated_types import Ge
from torch import Tensor

from synclab.core.hashing import digest
from synclab.core.pictures import to_png
from synclab.core.protocols import Sample
from synclab.core.text import texts_of
from synclab.errors import UserError
from synclab.metrics.world_reference import Renderings
from synclab.world.motion import REQUESTS, Request, asked, draw_sequence
from synclab.world.motion.captions import WAYS
from synclab.world.motion.pictures import passages, strip_of_poses, to_npy


@dataclass(frozen=True)
class WorldMotions(Renderings):
    """Motions of the prompt's requests, or of `segments` times the same where it has one text.

    Sources of several names share no motion.
    """

    per_prompt: Annotated[int, Ge(1)]
    segments: Annotated[int, Ge(1)] = 3
    frames: Annotated[int, Ge(2)] = 120
    overlap: Annotated[int, Ge(0)] = 30
    name: str = "motion"
    path: str = "reference/motion/world"
    kind: ClassVar[str] = "world"

    @property
    def identity(self) -> dict[str, Any]:
        return {"frames": self.frames, "overlap": self.overlap, "segments": self.segments,
                "name": self.name}  # fmt: skip

    def render(self, sample: Sample) -> bytes:
        joints = self.joints(sample)
        shared = passages(len(self.requests(sample.prompt)), self.frames, self.overlap)
        return to_png(strip_of_poses(joints, shared))

    def beside(self, sample: Sample) -> Mapping[str, bytes]:
        return {"npy": to_npy(self.joints(sample))}

    def joints(self, sample: Sample) -> Tensor:
        """Joint positions (F, 22, 3); drawn for this prompt and seed."""
        return drawn(
            self.name, sample.prompt, sample.seed, self.requests(sample.prompt),
            self.frames, self.overlap,
        )  # fmt: skip

    def requests(self, prompt: str) -> tuple[Request, ...]:
        """The request of each segment.

        Raises: UserError for a text that names no kind of motion.
        """
        texts = texts_of(prompt)
        found = [request_of(text) for text in texts]
        return tuple(found * self.segments if len(found) == 1 else found)


def request_of(text: str) -> Request:
    found = asked(text)
    if found is None or found not in REQUESTS:
        raise UserError(
            f"the text {text!r} names none of the world's motions, so it has no true motion;"
            f" expected one of {', '.join(WAYS)}; move its samples to a folder of their own"
        )
    return found


@lru_cache(maxsize=4)
def drawn(
    name: str, prompt: str, seed: int, requests: tuple[Request, ...], frames: int, overlap: int
) -> Tensor:
    """A true motion, remembered between its picture and its file."""
    generator = np.random.default_rng(int(digest("world", name, prompt, seed)[:15], 16))
    return draw_sequence(requests, generator, frames, overlap)[:-1]
