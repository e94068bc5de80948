"""HumanML3D's 263 numbers of a frame, from joint positions and back (Guo et al. 2022).

F frames of features describe F + 1 poses:

    0        half the turn to the next frame about +y, clockwise from above, in radians
    1-2      the root's way (x, z) to the next frame, in metres, seen from the next frame's heading
    3        the root's height
    4-66     the other 21 joints, x and z from the root, seen from the heading
    67-192   their bones' local rotations: the first two columns of each matrix
    193-258  the way of all 22 joints to the next frame, seen from the heading
    259-262  1 where the left ankle, left foot, right ankle, right foot rests on the ground

Headings are those of the hips and shoulders in every frame, without HumanML3D's smoothing.
Rotations are the shortest that take a resting bone to its direction, as HumanML3D's inverse
kinematics has them: they follow from the positions. So joints -> features -> joints is the identity
up to the start, which is put at the origin and made to face +z; features -> joints -> features is
the identity for features that come from joints, and otherwise makes them agree with one another.
"""

import torch
from torch import Tensor

from synclab.world.motion.skeleton import CHAINS, FEET, INDEX, LENGTHS, OFFSETS, PARENTS

CHANNELS = 263
"""Numbers of a frame."""

RESTING = 0.002
"""Squared way to the next frame, in square metres, below which a foot counts as resting."""

TURN, WAY, HEIGHT = slice(0, 1), slice(1, 3), slice(3, 4)
PLACES, ROTATIONS, WAYS, CONTACTS = (
    slice(4, 67),
    slice(67, 193),
    slice(193, 259),
    slice(259, 263),
)
"""Channels of each group."""


def to_features(joints: Tensor) -> Tensor:
    """Features (..., F, 263) of joint positions (..., F + 1, 22, 3) in metres."""
    yaw = headings(joints)
    turn = (yaw[..., 1:] - yaw[..., :-1] + torch.pi) % (2 * torch.pi) - torch.pi
    ways = joints[..., 1:, :, :] - joints[..., :-1, :, :]
    root = turned(ways[..., :1, :], -yaw[..., 1:])[..., 0, :]
    now, yaw = joints[..., :-1, :, :], yaw[..., :-1]
    places = now - now[..., :1, :] * now.new_tensor([1, 0, 1])
    places = turned(places, -yaw)
    feet = ways[..., [INDEX[name] for name in FEET], :].square().sum(-1)
    parts = [
        -turn[..., None] / 2,
        root[..., [0, 2]],
        now[..., 0, 1:2],
        places[..., 1:, :].flatten(-2),
        local_rotations(places).flatten(-2),
        turned(ways, -yaw).flatten(-2),
        (feet < RESTING).to(joints),
    ]
    return torch.cat(parts, -1)


def to_joints(features: Tensor) -> Tensor:
    """Joint positions (..., F + 1, 22, 3) of features (..., F, 263).

    The motion starts at the origin and faces +z. The last pose is the one that the last frame's
    ways lead to.
    """
    yaw = -2 * features[..., 0].cumsum(-1)
    yaw = torch.cat([torch.zeros_like(yaw[..., :1]), yaw], -1)
    way = features[..., WAY]
    way = torch.stack([way[..., 0], torch.zeros_like(way[..., 0]), way[..., 1]], -1)
    ground = turned(way[..., None, :], yaw[..., 1:])[..., 0, :].cumsum(-2)
    ground = torch.cat([torch.zeros_like(ground[..., :1, :]), ground[..., :-1, :]], -2)
    height = features[..., HEIGHT]
    root = torch.cat([torch.zeros_like(height), height, torch.zeros_like(height)], -1)
    others = features[..., PLACES].unflatten(-1, (-1, 3))
    places = torch.cat([root[..., None, :], others], -2)
    joints = turned(places, yaw[..., :-1]) + ground[..., None, :]
    ways = turned(features[..., -1:, WAYS].unflatten(-1, (-1, 3)), yaw[..., -2:-1])
    return torch.cat([joints, joints[..., -1:, :, :] + ways], -3)


def headings(joints: Tensor) -> Tensor:
    """Directions (..., F) that poses (..., F, 22, 3) face: radians from +z towards +x."""
    left = joints[..., [INDEX["left_hip"], INDEX["left_shoulder"]], :].sum(-2)
    left = left - joints[..., [INDEX["right_hip"], INDEX["right_shoulder"]], :].sum(-2)
    return torch.atan2(-left[..., 2], left[..., 0])


def turned(points: Tensor, yaw: Tensor) -> Tensor:
    """Points (..., n, 3) turned about +y by angles (...), from +z towards +x."""
    cos, sin = yaw.cos()[..., None], yaw.sin()[..., None]
    x, y, z = points.unbind(-1)
    return torch.stack([cos * x + sin * z, y, cos * z - sin * x], -1)


def local_rotations(places: Tensor) -> Tensor:
    """Local rotations (..., 21, 6) of the bones of poses (..., 22, 3) that face +z.

    The rotations before a bone are those of its chain, which begins at the pelvis, and for the arms
    at the uppermost vertebra.
    """
    parents = torch.tensor(PARENTS[1:])
    bones = places[..., 1:, :] - places[..., parents, :]
    bones = bones / bones.norm(dim=-1, keepdim=True).clamp_min(1e-8)
    rest = torch.from_numpy(OFFSETS[1:] / LENGTHS[1:, None]).to(bones)
    whole = shortest_rotations(rest, bones)
    first = torch.tensor([joint in CHAINS for joint in range(1, len(PARENTS))], device=bones.device)
    before = whole[..., (parents - 1).clamp_min(0), :, :]
    before = torch.where(first[:, None, None], torch.eye(3).to(bones), before)
    local = before.mT @ whole
    return torch.cat([local[..., 0], local[..., 1]], -1)


def shortest_rotations(start: Tensor, end: Tensor) -> Tensor:
    """Matrices (..., 3, 3) of the shortest rotations between unit vectors (..., 3)."""
    start, end = torch.broadcast_tensors(start, end)
    axis = torch.linalg.cross(start, end)
    x, y, z = axis.unbind(-1)
    none = torch.zeros_like(x)
    cross = torch.stack([none, -z, y, z, none, -x, -y, x, none], -1).unflatten(-1, (3, 3))
    cosine = (start * end).sum(-1).clamp_min(-1 + 1e-6)[..., None, None]
    return torch.eye(3).to(axis) + cross + cross @ cross / (1 + cosine)
