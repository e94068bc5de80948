"""The papers' sets of poses around an object, each (azimuth, elevation) in degrees."""

from typing import Literal

from synclab.core.protocols import Views

Poses = Literal["stochsync", "stochsync_faster", "synctweedies"]


def turns(elevations: tuple[float, ...], azimuths: tuple[float, ...]) -> Views:
    """Views of StochSync's code, whose azimuths count from the side: 90 is the object's front."""
    return tuple(((a - 90) % 360, e) for a, e in zip(azimuths, elevations, strict=True))


STRAIGHT, DIAGONAL = (0.0, 90.0, 180.0, 270.0), (45.0, 135.0, 225.0, 315.0)

POSE_SETS: dict[Poses, tuple[Views, ...]] = {
    "stochsync": (
        turns((0.0, -15.0, 0.0, -15.0), STRAIGHT),
        turns((30.0, 0.0, 30.0, 0.0), DIAGONAL),
        turns((-15.0, 0.0, -15.0, 0.0), STRAIGHT),
        turns((0.0, 30.0, 0.0, 30.0), DIAGONAL),
    ),
    "stochsync_faster": tuple(
        turns((0.0, 30.0, -15.0), azimuths)
        for azimuths in (
            (90.0, 210.0, 330.0),
            (234.0, 354.0, 114.0),
            (18.0, 138.0, 258.0),
            (162.0, 282.0, 42.0),
            (306.0, 66.0, 186.0),
        )
    ),
    "synctweedies": (
        (
            *((float(azimuth), 0.0) for azimuth in range(-180, 180, 45)),
            (0.0, 30.0),
            (180.0, 30.0),
        ),
    ),
}
"""StochSync's released configurations, one set per step; SyncTweedies' ten views in one set."""
