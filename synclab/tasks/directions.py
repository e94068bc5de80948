"""Prompts that name the direction of steep views, where the sky or the ground is all there is."""

from dataclasses import dataclass

from synclab.core.protocols import Cond, Condition, Prior, View, Views

STEEP = 25.0
"""Degrees of elevation from which a view is named; the captions of the embedded world agree."""

UP = "looking up at {prompt}"
DOWN = "looking down at the ground, {prompt}"


@dataclass(frozen=True)
class ByElevation:
    """One text for level views, one for those above and one for those below."""

    level: Condition
    up: Condition
    down: Condition

    @classmethod
    def of(cls, prior: Prior, prompt: str) -> "ByElevation":
        up, down = (text.format(prompt=prompt) for text in (UP, DOWN))
        return cls(prior.embed(prompt), prior.embed(up), prior.embed(down))

    def at(self, views: Views) -> Cond:
        first, *others = (self.text(view).at((view,)) for view in views)
        return first.join(others)

    def text(self, view: View) -> Condition:
        if not steep(view):
            return self.level
        return self.up if view[1] > 0 else self.down


def steep(view: View) -> bool:
    """Whether a view (azimuth, elevation) looks up or down."""
    return abs(view[1]) > STEEP
