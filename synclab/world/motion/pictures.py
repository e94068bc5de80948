"""Pictures of a motion: a strip of poses, the frames of a film, and its joints as a file."""

import io
import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from synclab.core.pictures import to_unit
from synclab.world.motion.skeleton import JOINTS, PARENTS

EVERY = 10
"""Frames from one pose of a strip to the next."""

SLOT, TALL, SCALE = 60, 176, 80.0
"""Pixels between two poses of a strip, its height, and pixels of a metre."""

SIDE = 240
"""Width and height of a film, in pixels."""

FINER = 3
"""Pictures are drawn so many times larger and then scaled down, which smooths lines."""

AZIMUTH, ELEVATION = math.radians(50), math.radians(12)
"""Where the camera stands: from +z towards +x, and above the ground."""

LEFT, RIGHT, MIDDLE = (214, 96, 24), (36, 92, 190), (50, 50, 56)
GROUND, SHADE = (205, 208, 214), (232, 236, 244)

COLOURS = [LEFT if "left" in n else RIGHT if "right" in n else MIDDLE for n in JOINTS]
"""Of the bone that ends at each joint."""


def strip_of_poses(joints: Tensor, shared: Sequence[tuple[int, int]]) -> Tensor:
    """A picture (3, H, W) in [0, 1] of every tenth pose of joints (F, 22, 3).

    Args:
        shared: first frame and end of what is shaded.

    A motion that is not finite gives a picture that is not.
    """
    shown = range(0, len(joints), EVERY)
    width = SLOT * (len(shown) + 1)
    if not torch.isfinite(joints).all():
        return torch.full((3, TALL, width), torch.nan)
    picture = Image.new("RGB", (FINER * width, FINER * TALL), "white")
    pen = ImageDraw.Draw(picture)
    ground = FINER * (TALL - 16)
    for first, end in shared:
        left, right = (FINER * SLOT * (frame / EVERY + 0.5) for frame in (first, end))
        pen.rectangle((left, 0, right, FINER * TALL), fill=SHADE)
    pen.line((0, ground, FINER * width, ground), fill=GROUND, width=FINER)
    for number, frame in enumerate(shown):
        centre = FINER * SLOT * (number + 1)
        draw_pose(pen, joints[frame].numpy(), centre, ground, FINER * SCALE)
    small = picture.resize((width, TALL), Image.Resampling.BOX)
    return to_unit(np.array(small))


def film(joints: Tensor) -> Iterator[Image.Image]:
    """Every second frame of joints (F, 22, 3), seen by a camera that goes along."""
    places = joints.numpy()
    path = smoothed(places[:, 0] * (1, 0, 1))
    for frame in range(0, len(places), 2):
        picture = Image.new("RGB", (FINER * SIDE, FINER * SIDE), "white")
        pen = ImageDraw.Draw(picture)
        middle, ground = FINER * SIDE / 2, FINER * (SIDE - 50)
        draw_floor(pen, path[frame], middle, ground, FINER * SCALE)
        moved = places[frame] - path[frame]
        draw_pose(pen, moved, middle, ground, FINER * SCALE, along=True)
        yield picture.resize((SIDE, SIDE), Image.Resampling.BOX).quantize(32)


def draw_pose(
    pen: ImageDraw.ImageDraw,
    pose: np.ndarray,
    centre: float,
    ground: float,
    scale: float,
    along: bool = False,
) -> None:
    """Draws a pose (22, 3); its pelvis is over `centre`, unless it moves `along` with the floor."""
    own = pose if along else pose - pose[0] * (1, 0, 1)
    across, up, depth = seen(own)
    x, y = centre + scale * across, ground - scale * up
    for joint in sorted(range(1, len(PARENTS)), key=lambda joint: -depth[joint]):
        start = PARENTS[joint]
        ends = (x[start], y[start], x[joint], y[joint])
        pen.line(tuple(map(float, ends)), fill=COLOURS[joint], width=round(scale / 28))
    radius = scale / 11
    pen.ellipse((x[15] - radius, y[15] - radius, x[15] + radius, y[15] + radius), fill=MIDDLE)


def draw_floor(
    pen: ImageDraw.ImageDraw, place: np.ndarray, middle: float, ground: float, scale: float
) -> None:
    """Lines half a metre apart, so that one sees how the camera moves."""
    reach, step = 2.0, 0.5
    for axis in (0, 2):
        first = math.ceil((place[axis] - reach) / step)
        for number in range(first, first + round(2 * reach / step)):
            ends = np.zeros((2, 3))
            ends[:, axis] = number * step - place[axis]
            ends[:, 2 - axis] = (-reach, reach)
            across, up, _ = seen(ends)
            x, y = middle + scale * across, ground - scale * up
            pen.line((x[0], y[0], x[1], y[1]), fill=GROUND, width=FINER)


def seen(points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Right, up and distance (n,) of points (n, 3), in metres, without perspective."""
    x, y, z = points.T
    across = math.cos(AZIMUTH) * x - math.sin(AZIMUTH) * z
    towards = math.sin(AZIMUTH) * x + math.cos(AZIMUTH) * z
    up = math.cos(ELEVATION) * y - math.sin(ELEVATION) * towards
    return across, up, -towards


def smoothed(path: np.ndarray, frames: int = 21) -> np.ndarray:
    """A path (F, 3), averaged over some frames around each."""
    padded = np.pad(path, ((frames // 2, frames // 2), (0, 0)), mode="edge")
    return np.stack([np.convolve(own, np.ones(frames) / frames, "valid") for own in padded.T], 1)


def passages(segments: int, frames: int, overlap: int) -> list[tuple[int, int]]:
    """First frame and end of what each two neighbouring segments of an open motion share."""
    starts = (number * (frames - overlap) for number in range(1, segments))
    return [(start, start + overlap) for start in starts]


def to_npy(joints: Tensor) -> bytes:
    """Joints (F, 22, 3) as a .npy file, single precision."""
    buffer = io.BytesIO()
    np.save(buffer, joints.numpy().astype(np.float32))
    return buffer.getvalue()
