"""A procedural world: captioned scenes and solids with a colour and a depth in every direction."""

from .captions import caption, vocabulary
from .objects import Objects, Orbit, object_caption, render_objects, sample_objects
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
    "Objects",
    "Orbit",
    "Scenes",
    "caption",
    "object_caption",
    "render",
    "render_objects",
    "render_panorama",
    "render_views",
    "sample_objects",
    "sample_scenes",
    "vocabulary",
]
