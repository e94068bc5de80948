"""Prompts that name the side of an object that a view sees, as the papers on meshes do."""

from collections.abc import Callable
from functools import lru_cache
from typing import Literal

from synclab.core.protocols import Cond, Condition, Prior, View, Views
from synclab.tasks.by_view import join_texts

ViewPrompts = Literal["none", "stochsync", "synctweedies"]


class ByWord:
    """A condition whose text for a view is the prompt, a comma, and a word for the view."""

    def __init__(self, prior: Prior, prompt: str, word: Callable[[View], str]) -> None:
        self.word = word
        self.text: Callable[[str], Condition] = lru_cache(
            lambda found: prior.embed(f"{prompt}, {found}")
        )

    def at(self, views: Views) -> Cond:
        return join_texts(views, lambda view: self.text(self.word(view)))


def stochsync(view: View) -> str:
    """The words of StochSync's released code, with the object's front at azimuth 0."""
    azimuth, elevation = view
    if elevation > 60:
        return "overhead view"
    names = ("front", "front-side", "side", "back-side", "back", "back-side", "side", "front-side")
    return f"{names[int((azimuth % 360 + 22.5) // 45) % 8]} view"


def synctweedies(view: View) -> str:
    """The words of SyncTweedies' released code."""
    azimuth, elevation = view
    turned = abs((azimuth + 180) % 360 - 180)
    if elevation > 30:
        return "top view"
    return "front view" if turned <= 30 else "back view" if turned >= 120 else "side view"


WORDS: dict[ViewPrompts, Callable[[View], str]] = {
    "stochsync": stochsync,
    "synctweedies": synctweedies,
}
