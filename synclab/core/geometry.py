"""Cameras, rays and equirectangular maps: pure functions of tensors.

Conventions, stated here once and tested once (tests/test_geometry.py):

* +y is up, a camera at azimuth 0 and elevation 0 looks along -z;
* longitude grows to the right, ``lon = atan2(x, -z)``; latitude is positive above the horizon;
* pixel and texel centres lie at ``(k + 0.5) / size``; row 0 is the top of an image;
* degrees in the signatures that a configuration reaches, radians inside.
"""

import math
from typing import TypeVar

import torch
from torch import Tensor

Angle = TypeVar("Angle", float, Tensor)


def view_directions(size: int, fov: float, azimuth: Tensor, elevation: Tensor) -> Tensor:
    """Unit ray through every pixel of n square perspective views.

    Args:
        size: pixels along each side of a view.
        fov: full field of view in degrees, 0 < fov < 180.
        azimuth, elevation: (n,) degrees; positive azimuth turns right, positive elevation up.

    Returns: (n, size, size, 3), rows from top to bottom.
    """
    offset = image_plane(size, fov).to(azimuth)
    y, x = torch.meshgrid(-offset, offset, indexing="ij")
    ray = torch.stack([x, y, -torch.ones_like(x)], -1)
    ray = ray / ray.norm(dim=-1, keepdim=True)
    return torch.einsum("nij,hwj->nhwi", camera_rotation(azimuth, elevation), ray)


def image_plane(size: int, fov: float) -> Tensor:
    """Signed offsets of the pixel centres on the image plane at distance 1: (size,)."""
    centres = (torch.arange(size, dtype=torch.float64) + 0.5) / size
    return (2 * centres - 1) * math.tan(math.radians(fov) / 2)


def camera_rotation(azimuth: Tensor, elevation: Tensor) -> Tensor:
    """Camera-to-world rotations (n, 3, 3) for azimuth and elevation in degrees (n,)."""
    a, e = torch.deg2rad(azimuth), torch.deg2rad(elevation)
    zero, one = torch.zeros_like(a), torch.ones_like(a)
    pitch = [[one, zero, zero], [zero, e.cos(), -e.sin()], [zero, e.sin(), e.cos()]]
    yaw = [[a.cos(), zero, -a.sin()], [zero, one, zero], [a.sin(), zero, a.cos()]]
    return _matrix(yaw) @ _matrix(pitch)


def quaternion_rotation(quaternion: Tensor) -> Tensor:
    """Rotations (..., 3, 3) of unit quaternions (..., 4), Hamilton's (w, x, y, z), active."""
    w, x, y, z = quaternion.unbind(-1)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return _matrix(rows)


def _matrix(rows: list[list[Tensor]]) -> Tensor:
    return torch.stack([torch.stack(row, -1) for row in rows], -2)


def longitude_latitude(directions: Tensor) -> tuple[Tensor, Tensor]:
    """Angles in radians of directions (..., 3): longitude [-pi, pi], latitude [-pi/2, pi/2]."""
    x, y, z = directions.unbind(-1)
    return torch.atan2(x, -z), torch.asin(y.clamp(-1, 1))


def direction(longitude: Tensor, latitude: Tensor) -> Tensor:
    """Unit directions (..., 3) of longitude and latitude in radians, which broadcast; inverse of
    `longitude_latitude`.
    """
    x = latitude.cos() * longitude.sin()
    z = -latitude.cos() * longitude.cos()
    return torch.stack(torch.broadcast_tensors(x, latitude.sin(), z)).movedim(0, -1)


def equirect_directions(
    height: int, width: int, offset: float = 0.5, dtype: torch.dtype = torch.float64
) -> Tensor:
    """Unit direction (height, width, 3) of every texel of an equirectangular panorama.

    `offset` 0 takes texels at their upper left corners, as the code of StochSync does.
    """
    longitude, latitude = equirect_angles(height, width, offset, dtype)
    return direction(longitude, latitude[:, None])


def equirect_angles(
    height: int, width: int, offset: float = 0.5, dtype: torch.dtype = torch.float64
) -> tuple[Tensor, Tensor]:
    """Longitude (width,) of every column and latitude (height,) of every row, in radians."""
    longitude = 2 * math.pi * (torch.arange(width, dtype=dtype) + offset) / width - math.pi
    latitude = math.pi / 2 - math.pi * (torch.arange(height, dtype=dtype) + offset) / height
    return longitude, latitude


def equirect_position(
    directions: Tensor, height: int, width: int, offset: float = 0.5
) -> tuple[Tensor, Tensor]:
    """Position of directions (..., 3) on a panorama, in texels: (column, row).

    Integers are texel centres, so columns lie in [-0.5, width - 0.5]; columns wrap, rows do not.
    """
    return equirect_texel(*longitude_latitude(directions), height, width, offset)


def equirect_texel(
    longitude: Angle, latitude: Angle, height: int, width: int, offset: float = 0.5
) -> tuple[Angle, Angle]:
    """Position (column, row) on a panorama, in texels, of a longitude and latitude in radians."""
    column = (longitude / math.pi + 1) / 2 * width - offset
    row = (0.5 - latitude / math.pi) * height - offset
    return column, row


def view_extent(reach: float, elevation: float) -> tuple[float, float, float]:
    """Bounds of the longitudes and latitudes that a square view can see.

    Args:
        reach: tangent of half the field of view.
        elevation: degrees; for elevations beyond +-90 the bounds are looser than needed.

    Returns: half the width in longitude around the azimuth, lowest and highest latitude, in
    radians. A view that contains a pole sees all longitudes.
    """
    sine, cosine = math.sin(math.radians(elevation)), math.cos(math.radians(elevation))
    tilt, half = math.asin(abs(sine)), math.atan(reach)
    upper = cosine - reach * abs(sine)  # horizontal component of the upper corners' direction
    lower = math.asin((abs(sine) - reach * math.cos(tilt)) / math.hypot(1, reach, reach))
    longitude, high = math.pi, math.pi / 2
    if upper > 0:
        longitude, high = math.atan2(reach, upper), tilt + half
    low = min(tilt - half, lower)
    return (longitude, low, high) if sine >= 0 else (longitude, -high, -low)


def view_position(
    directions: Tensor, size: int, fov: float, azimuth: Tensor, elevation: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Projects world directions (..., 3) into n views, in pixels.

    Returns: column, row and ahead, each (n, ...). Integer positions are pixel centres; `ahead` is
    the cosine to the optical axis; positions are valid only where it is positive.
    """
    rotation = camera_rotation(azimuth, elevation)
    x, y, z = torch.einsum("nij,...i->jn...", rotation, directions)
    ahead, centre = -z, (size - 1) / 2
    scale = size / 2 / math.tan(math.radians(fov) / 2) / ahead.clamp_min(1e-6)
    return x * scale + centre, centre - y * scale, ahead
