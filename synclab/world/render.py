"""Pictures and true depths of scenes: any rays, perspective views, and whole panoramas."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from synclab.core import geometry

from . import biomes, interiors, textures
from .rays import Painting, Rays
from .scenes import KINDS, Scenes

PAINTERS: dict[str, Callable[[Rays], Painting]] = {
    "desert": biomes.desert,
    "mountains": biomes.mountains,
    "ocean": biomes.ocean,
    "meadow": biomes.meadow,
    "forest": biomes.forest,
    "city": biomes.city,
    "canyon": biomes.canyon,
    "alien planet": biomes.alien_planet,
    "village": biomes.village,
    "library": interiors.library,
    "cave": interiors.cave,
    "coral reef": interiors.coral_reef,
    "brick wall": textures.brick_wall,
    "wooden planks": textures.wooden_planks,
    "marble": textures.marble,
    "mosaic tiles": textures.mosaic_tiles,
    "paint splatter": textures.paint_splatter,
    "mossy stone": textures.mossy_stone,
}


@torch.no_grad()
def render(scenes: Scenes, lon: Tensor, lat: Tensor, footprint: float) -> tuple[Tensor, Tensor]:
    """Colour and depth along given directions, one set of rays for each scene.

    Args:
        scenes: n scenes.
        lon, lat: (n, h, w) radians, longitude to the right and latitude up.
        footprint: angular size of a pixel in radians; detail finer than it fades away.

    Returns: rgb (n, 3, h, w) float32 in [0, 1]; depth (n, 1, h, w) metres > 0, 1000 for the sky.
    """
    n, height, width = lon.shape
    rgb, depth = torch.empty(n, 3, height, width), torch.empty(n, 1, height, width)
    lon, lat = lon.float()[:, None], lat.float()[:, None]
    # Painting each kind by itself spends no work on layers that a scene does not have.
    for kind in scenes.kind.unique().tolist():
        where = (scenes.kind == kind).nonzero()[:, 0]
        painting = PAINTERS[KINDS[kind]](Rays(scenes[where], lon[where], lat[where], footprint))
        rgb[where], depth[where] = painting.rgb.clamp(0, 1), painting.depth
    return rgb, depth


def render_views(
    scenes: Scenes, azimuth: Tensor, elevation: Tensor, size: int, fov: float = 72.0
) -> tuple[Tensor, Tensor]:
    """Square perspective views of n scenes; azimuth, elevation (n,) and fov in degrees.

    Returns: rgb (n, 3, size, size) in [0, 1]; depth (n, 1, size, size) metres along the ray.
    """
    rays = geometry.view_directions(size, fov, azimuth, elevation)
    footprint = 2 * math.tan(math.radians(fov) / 2) / size
    return render(scenes, *geometry.longitude_latitude(rays), footprint)


def render_panorama(scenes: Scenes, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Equirectangular panoramas: rgb (n, 3, height, width), depth (n, 1, height, width)."""
    lon, lat = geometry.longitude_latitude(geometry.equirect_directions(height, width))
    shape = (len(scenes), height, width)
    return render(scenes, lon.expand(shape), lat.expand(shape), 2 * math.pi / width)
