"""A procedural world: captioned scenes with a colour and a depth in every direction."""

from .captions import caption, vocabulary
from .palette import TIMES
from .render import render, render_panorama, render_views
from .scenes import BIOMES, INDOOR, KINDS, OUTDOOR, TEXTURES, Scenes, sample_scenes

__all__ = [
    "BIOMES",
    "INDOOR",
    "KINDS",
    "OUTDOOR",
    "TEXTURES",
    "TIMES",
    "Scenes",
    "caption",
    "render",
    "render_panorama",
    "render_views",
    "sample_scenes",
    "vocabulary",
]
