"""Prompts that name the viewing direction of steep views, which see only sky or ground."""

from dataclasses import dataclass

from synclab.core.protocols import Cond, Condition, Prior, View, Views
from synclab.tasks.by_view import join_texts

STEEP = 25.0
"""Elevation in degrees above which a prompt names the direction; as in the captions that the
embedded prior was trained on.
"""

UP = "looking up at {prompt}"
DOWN = "looking down at the ground, {prompt}"


@dataclass(frozen=True)
class ByElevation:
    """A condition with one text each for level views, views of the sky and views of the ground."""

    level: Condition
    up: Condition
    down: Condition

    @classmethod
    def of(cls, prior: Prior, prompt: str, prefix: str) -> "ByElevation":
        texts = (prompt, UP.format(prompt=prompt), DOWN.format(prompt=prompt))
        return cls(*(prior.embed(prefix + text) for text in texts))

    def at(self, views: Views) -> Cond:
        return join_texts(views, self.text)

    def text(self, view: View) -> Condition:
        if not steep(view):
            return self.level
        return self.up if view[1] > 0 else self.down


def steep(view: View) -> bool:
    """Whether a view (azimuth, elevation) looks up or down."""
    return abs(view[1]) > STEEP
