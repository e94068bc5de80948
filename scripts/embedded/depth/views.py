"""Captioned views with disparities: solids of the world's materials, and the world's own views."""

from dataclasses import dataclass

import torch
from torch import Tensor

from synclab.core import geometry
from synclab.spaces.disparity import normalised_disparity
from synclab.spaces.rig import MARGIN
from synclab.world import BIOMES, caption, render_views, sample_scenes
from synclab.world.objects import Orbit, object_caption, render_objects, sample_objects
from synclab.world.rays import SKY_DISTANCE

from ..data.views import SIZE, draw_cameras

SOLIDS = 0.75
"""Share of solids among the views; the rest keeps what the plain prior knows."""


@dataclass(frozen=True)
class DepthViews:
    """images (n, 3, SIZE, SIZE) in [0, 1], disparity (n, 1, SIZE, SIZE) in [0, 1], captions."""

    images: Tensor
    disparity: Tensor
    captions: list[str]

    def join(self, other: "DepthViews") -> "DepthViews":
        return DepthViews(
            torch.cat([self.images, other.images]),
            torch.cat([self.disparity, other.disparity]),
            self.captions + other.captions,
        )


def draw_orbit(count: int, generator: torch.Generator) -> Orbit:
    """Cameras around a solid: half of the batches as the task `mesh` has them, 60 degrees wide and
    fitted to the solid; the others wider or narrower and up to a third farther away.
    """
    azimuth = 360 * torch.rand(count, generator=generator)
    elevation = (15 + 20 * torch.randn(count, generator=generator)).clamp(-60, 85)
    usual, wide, far = torch.rand(3, generator=generator).tolist()
    fov, farther = (60.0, 1.0) if usual < 0.5 else (40 + 40 * wide, 1 + far / 3)
    half = torch.deg2rad(torch.tensor(fov / 2)).sin()
    return Orbit(azimuth, elevation, fov, float(farther * MARGIN / half))


def draw_solids(count: int, generator: torch.Generator) -> DepthViews:
    objects, orbit = sample_objects(count, generator), draw_orbit(count, generator)
    seen = render_objects(objects, orbit, SIZE)
    captions = [object_caption(objects, orbit, i, generator) for i in range(count)]
    return DepthViews(seen.rgb, disparities(seen.depth, seen.cover), captions)


def draw_world(count: int, generator: torch.Generator) -> DepthViews:
    """Views of scenes; the sky and flat textures count as background, of disparity 0."""
    scenes, cameras = sample_scenes(count, generator), draw_cameras(count, generator)
    rgb, far = render_views(scenes, cameras.azimuth, cameras.elevation, SIZE, cameras.fov)
    depth = far * axis_cosine(cameras.fov)
    cover = (far < SKY_DISTANCE) & (scenes.kind < len(BIOMES)).view(-1, 1, 1, 1)
    pitch = cameras.elevation.tolist()
    captions = [caption(scenes, i, generator, pitch[i]) for i in range(count)]
    return DepthViews(rgb, disparities(depth, cover), captions)


def axis_cosine(fov: float) -> Tensor:
    """Cosine (SIZE, SIZE) between the rays of a view and the camera's axis."""
    offset = geometry.image_plane(SIZE, fov).float()
    return (1 + offset.square() + offset[:, None].square()).rsqrt()


def disparities(depth: Tensor, cover: Tensor) -> Tensor:
    """The tasks' normalised disparity of each view (n, 1, SIZE, SIZE)."""
    pixels = [seen.flatten().nonzero()[:, 0] for seen in cover]
    found = [
        normalised_disparity(pixel, view.flatten()[pixel], SIZE)
        for pixel, view in zip(pixels, depth, strict=True)
    ]
    return torch.stack(found)[:, None]


def draw_depth_views(count: int, generator: torch.Generator) -> DepthViews:
    solids = round(SOLIDS * count)
    return draw_solids(solids, generator).join(draw_world(count - solids, generator))
