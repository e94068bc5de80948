"""Photos as parts of an equirectangular canvas."""

import math

import torch
from torch import Tensor

from synclab.core import geometry
from synclab.core.protocols import View, Views
from synclab.spaces.equirect import EquirectMaps


def paint(photo: Tensor, view: View, fov: float, height: int, width: int) -> tuple[Tensor, Tensor]:
    """A square photo (c, s, s) on a canvas: (c, height, width), and where it lies (1, H, W).

    Args:
        view: azimuth and elevation of its centre, in degrees.
        fov: degrees, 0 < fov < 180.
    """
    maps = EquirectMaps(height, width, photo.shape[-1], fov, "bilinear", "centres", 0.0, "cpu")
    colour, count = maps.from_views((view,)).total(photo[None])
    return colour, count > 0


def pixels_across(fov: float, width: int) -> int:
    """Pixels along a side of a photo that are as fine in its centre as the texels of a canvas."""
    return math.ceil(2 * math.tan(math.radians(fov) / 2) * width / (2 * math.pi))


def square_fov(fov: float, width: int, height: int) -> float:
    """Field of view, in degrees, of the smallest square around a photo that is `fov` wide."""
    reach = math.tan(math.radians(fov) / 2) * max(width, height) / width
    return 2 * math.degrees(math.atan(reach))


def any_sees(views: Views, fov: float, view: View, own_fov: float) -> bool:
    """Whether any view (azimuth, elevation), `fov` wide, shows a part of another view."""
    azimuth, elevation = torch.tensor([view], dtype=torch.float64).T
    rays = geometry.view_directions(32, own_fov, azimuth, elevation)[0]
    turn, tilt = torch.tensor(views, dtype=torch.float64).unbind(-1)
    column, row, ahead = geometry.view_position(rays, 1, fov, turn, tilt)
    return bool(((ahead > 0) & (column.abs() <= 0.5) & (row.abs() <= 0.5)).any())
