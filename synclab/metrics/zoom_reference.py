"""True zooms into the procedural world: the same scene at ever narrower fields of view."""

import math
from dataclasses import dataclass
from typing import Annotated, Any

from annotated_types import Ge, Interval

from synclab.core.protocols import Sample
from synclab.core.text import texts_of
from synclab.errors import UserError
from synclab.metrics.world_reference import WorldReference, asked


@dataclass(frozen=True)
class ZoomReference(WorldReference):
    """Every level of zooms into scenes of the kind and time that a prompt names.

    A picture is one level: number `seed` is level seed % `levels` of scene seed // `levels`. `fov`
    is that of the widest level in degrees; each level shows the central 1 / `magnification` of the
    one before along each side.
    """

    fov: Annotated[float, Interval(gt=0, lt=180)] = 100.0
    levels: Annotated[int, Ge(1)] = 5
    magnification: Annotated[int, Ge(2)] = 2
    path: str = "reference/zoom/world"

    @property
    def identity(self) -> dict[str, Any]:
        return super().identity | {"levels": self.levels, "magnification": self.magnification}

    def scene(self, prompt: str) -> tuple[str, str | None]:
        """The kind and time that the texts of all levels name.

        Raises: UserError if they name several, or one of them names no kind.
        """
        kinds, times = map(set, zip(*map(asked, texts_of(prompt)), strict=True))
        named = times - {None}
        if len(kinds) > 1 or len(named) > 1:
            raise UserError(
                f"the prompt {prompt!r} names several scenes ({', '.join(sorted(kinds | named))}),"
                " so it has no true zoom; expected one kind and one time in all texts; move its"
                " samples to a folder of their own"
            )
        return kinds.pop(), named.pop() if named else None

    def render(self, sample: Sample) -> bytes:
        scene, level = divmod(sample.seed, self.levels)
        return self.view(sample.prompt, scene, self.narrowed(level))

    def narrowed(self, level: int) -> float:
        """Field of view of a level in degrees."""
        half = math.tan(math.radians(self.fov) / 2) / self.magnification**level
        return math.degrees(2 * math.atan(half))
