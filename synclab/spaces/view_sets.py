"""Sets of views of a panorama, each (azimuth, elevation) in degrees; the next step takes the next.

Views of one set lie side by side; together the sets overlap, so that seams move from step to step.
"""

import math
from collections.abc import Callable
from typing import Literal

import torch

from synclab.core import geometry
from synclab.core.protocols import Views

Cover = Literal["ring", "sphere", "checkerboard"]


def ring(fov: float) -> tuple[Views, ...]:
    """Around the horizon, and turned by half a view (StochSync, App. B: 5 views of 72 degrees)."""
    count = math.ceil(360 / fov - 1e-6)
    return tuple(
        tuple((360 / count * i + turn, 0.0) for i in range(count)) for turn in (0.0, 180 / count)
    )


def sphere(fov: float) -> tuple[Views, ...]:
    """Cubes of a ring and both poles, and in turn with them sets that look at the cubes' edges.

    A ring turned by half a view moves the upright edges only; those around the poles would stay at
    35 to 45 degrees. So a set of four views half a view up and down, which touch without
    overlapping, follows each cube; what such a set does not see stays as it was.
    """
    cubes = tuple((*views, (views[0][0], 90.0), (views[0][0], -90.0)) for views in ring(fov))
    return cubes[0], _oblique(fov, 0.0), cubes[1], _oblique(fov, 90.0)


def _oblique(fov: float, azimuth: float) -> Views:
    """Two views from the horizon to above, facing away from each other, and two across below."""
    up = ((azimuth + turn) % 360 for turn in (0.0, 180.0))
    down = ((azimuth + turn) % 360 for turn in (90.0, 270.0))
    return *((a, fov / 2) for a in up), *((a, -fov / 2) for a in down)


def checkerboard(fov: float) -> tuple[Views, ...]:
    """Columns of one view and of two, half a view up and down, in turn; four sets half a view on.

    StochSync's 8K panorama: 15 views of 36 degrees.
    """
    columns = math.ceil(180 / fov - 1e-6)
    pitch = 360 / columns
    return tuple(
        tuple(
            view
            for i in range(columns)
            for view in _triple(turn * pitch / 4 + i * pitch, pitch / 2, fov / 2)
        )
        for turn in range(4)
    )


def _triple(azimuth: float, aside: float, above: float) -> Views:
    beside = (azimuth + aside) % 360
    return (azimuth, 0.0), (beside, above), (beside, -above)


def unseen(views: Views, fov: float) -> float | None:
    """The first azimuth of the horizon, in whole degrees, that no view sees; None without gaps."""
    azimuth = torch.arange(360, dtype=torch.float64)
    rays = geometry.direction(torch.deg2rad(azimuth), torch.zeros_like(azimuth))
    turn, tilt = torch.tensor(views, dtype=torch.float64).unbind(-1)
    column, row, ahead = geometry.view_position(rays, 1, fov, turn, tilt)
    inside = (ahead > 0) & (column.abs() <= 0.5 + 1e-6) & (row.abs() <= 0.5 + 1e-6)
    gaps = (~inside.any(0)).nonzero()
    return float(azimuth[gaps[0, 0]]) if len(gaps) else None


COVERS: dict[Cover, Callable[[float], tuple[Views, ...]]] = {
    "ring": ring,
    "sphere": sphere,
    "checkerboard": checkerboard,
}
