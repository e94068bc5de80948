"""The body: the 22 joints of HumanML3D (SMPL without hands), in metres.

+y is up, the body faces +z at rest, and its left side is +x.
"""

import numpy as np

FPS = 20
"""Frames per second, as in HumanML3D."""

JOINTS = (
    "pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle",
    "right_ankle", "spine3", "left_foot", "right_foot", "neck", "left_collar", "right_collar",
    "head", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist",
    "right_wrist",
)  # fmt: skip
"""Names in the order of SMPL."""

INDEX = {name: number for number, name in enumerate(JOINTS)}

PARENTS = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19)
"""The joint before each; -1 for the pelvis."""

CHAINS = tuple(
    INDEX[name] for name in ("left_hip", "right_hip", "spine1", "left_collar", "right_collar")
)
"""The first joint of each chain of HumanML3D: legs, spine with head, arms."""

OFFSETS = np.array(
    [
        *[[0, 0, 0], [0.07, -0.09, 0], [-0.07, -0.09, 0], [0, 0.11, 0]],  # pelvis, hips, spine1
        *[[0, -0.40, 0], [0, -0.40, 0], [0, 0.13, 0]],  # knees, spine2
        *[[0, -0.42, 0], [0, -0.42, 0], [0, 0.06, 0]],  # ankles, spine3
        *[[0, -0.06, 0.13], [0, -0.06, 0.13], [0, 0.21, 0]],  # feet, neck
        *[[0.08, 0.12, 0], [-0.08, 0.12, 0], [0, 0.09, 0.03]],  # collars, head
        *[[0.10, 0.03, 0], [-0.10, 0.03, 0]],  # shoulders
        *[[0.26, 0, 0], [-0.26, 0, 0], [0.25, 0, 0], [-0.25, 0, 0]],  # elbows, wrists
    ],
    dtype=np.float64,
)
"""(22, 3): each joint from its parent, at rest, with the arms to the sides."""

LENGTHS = np.linalg.norm(OFFSETS, axis=1)
"""(22,) length of the bone that ends at each joint."""

FEET = ("left_ankle", "left_foot", "right_ankle", "right_foot")
"""Joints whose contact with the ground is a feature, in its order."""
