"""One image whose parts show different things (Geng et al. 2024, "Factorized Diffusion")."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from synclab.core.protocols import Canonical, Method, Prior
from synclab.errors import UserError
from synclab.spaces.canvas import Canvas
from synclab.spaces.factors import Factors, count
from synclab.tasks.by_view import refuse_sequential, split_texts
from synclab.tasks.image import ImageTask
from synclab.tasks.task import cells

Parts = Literal["frequencies", "three_frequencies", "colour", "motion"]


@dataclass(frozen=True)
class FactorizedTask(ImageTask):
    """`parts` names the decomposition; a prompt gives each part its text, separated by "|"."""

    overlaps: ClassVar[bool] = False

    canonical: Canonical = "rgb"
    parts: Parts = "frequencies"

    @property
    def version(self) -> int:
        """2 since no view has borders, along which StochSync's blend holds what is there."""
        return 2

    def canvas(self, prior: Prior, canonical: Canonical) -> Canvas:
        cell = cells(prior, canonical)
        size, channels = cell["view_size"], cell["channels"]
        if self.parts == "colour" and channels != 3:
            raise UserError(
                f"task.parts=colour: a state of {channels} channels has no grey; expected RGB; use"
                " task.canonical=rgb and a method that averages clean estimates, such as"
                " method=synctweedies"
            )
        return Factors(**cell, height=size, width=size, parts=self.parts)

    def check(self, method: Method, name: str) -> None:
        """Also refuses methods that paint each cell once."""
        super().check(method, name)
        refuse_sequential(method, name)

    def texts(self, prompt: str) -> Sequence[str]:
        return split_texts(prompt, count(self.parts), "part")
