"""Sets of views of a panorama, each (azimuth, elevation) in degrees; steps use them in turn.

Views within a set touch without overlapping; the sets overlap each other, so that seams move from
step to step.
"""

import math
from collections.abc import Callable
from typing import Literal

import torch

from synclab.core import geometry
from synclab.core.protocols import Views

Cover = Literal["ring", "sphere", "checkerboard"]


def ring(fov: float) -> tuple[Views, ...]:
    """Views around the horizon, and the same shifted by half a view (StochSync, App. B)."""
    count = math.ceil(360 / fov - 1e-6)
    return tuple(
        tuple((360 / count * i + turn, 0.0) for i in range(count)) for turn in (0.0, 180 / count)
    )


def sphere(fov: float) -> tuple[Views, ...]:
    """Cubes (a ring and both poles) alternating with sets of views centred on the cubes' edges.

    Shifting the ring by half a view moves the vertical edges only; the edges around the poles would
    stay at 35 to 45 degrees. So each cube is followed by four views half a view up and down, which
    touch without overlapping; regions that they do not see stay unchanged.
    """
    cubes = tuple((*views, (views[0][0], 90.0), (views[0][0], -90.0)) for views in ring(fov))
    return cubes[0], _oblique(fov, 0.0), cubes[1], _oblique(fov, 90.0)


def _oblique(fov: float, azimuth: float) -> Views:
    """Two opposite views half a view above the horizon, and two at right angles below it."""
    up = ((azimuth + turn) % 360 for turn in (0.0, 180.0))
    down = ((azimuth + turn) % 360 for turn in (90.0, 270.0))
    return *((a, fov / 2) for a in up), *((a, -fov / 2) for a in down)


def checkerboard(fov: float) -> tuple[Views, ...]:
    """Alternating columns of one view and of two, half a view up and down; four shifted sets.

    StochSync's 8K panorama has 15 views of 36 degrees per set.
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
    """The first azimuth on the horizon, in whole degrees, that no view sees; None if all are."""
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
