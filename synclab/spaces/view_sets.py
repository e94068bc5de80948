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
    """The ring with a view of each pole: cube faces at 90 degrees."""
    return tuple((*views, (views[0][0], 90.0), (views[0][0], -90.0)) for views in ring(fov))


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
