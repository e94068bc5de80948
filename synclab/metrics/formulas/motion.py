"""Smoothness of motions and sliding of feet, from joint positions (F, 22, 3) in metres."""

import numpy as np

from synclab.metrics.formulas.matrices import Matrix

FEET = (10, 11)
"""Joints of the two feet."""

GROUND, SLIDE = 0.05, 0.025
"""Metres: a foot below the first is on the ground, where one that moves by the second slides."""


def jerk(joints: np.ndarray) -> Matrix:
    """The largest jerk of a joint in each frame (F,), in metres per frame cubed.

    The third difference of the positions, its absolute values summed over the axes, the largest of
    all joints (Barquero et al. 2024, FlowMDM, 2402.15509). Frame f has the difference of the frames
    from f - 1 to f + 2; the first frame and the last two repeat their neighbour's.
    """
    third = np.abs(np.diff(joints, 3, axis=0)).sum(-1).max(-1)
    return np.pad(third, (1, 2), mode="edge")


def peak_jerk(curves: Matrix) -> float:
    """The largest value of the mean of jerk curves (n, frames)."""
    return float(curves.mean(0).max())


def area_under_jerk(curves: Matrix, true: Matrix) -> float:
    """Sum over frames of how far the mean curve is from the truth's mean jerk."""
    return float(np.abs(curves.mean(0) - true.mean()).sum())


def largest_step(joints: np.ndarray) -> float:
    """The largest mean distance, in metres, of all joints between two consecutive frames."""
    return float(np.linalg.norm(np.diff(joints, axis=0), axis=-1).mean(-1).max())


def foot_skate(joints: np.ndarray) -> float:
    """Part of all frames in which a foot that is on the ground slides, mean of both feet.

    On the ground: below 5 cm in two consecutive frames; slides: by more than 2.5 cm between them
    (Karunratanakul et al. 2023, GMD, 2305.12577).
    """
    feet = joints[:, FEET]
    low = feet[..., 1] < GROUND
    slid = np.linalg.norm(np.diff(feet[..., [0, 2]], axis=0), axis=-1) > SLIDE
    return float((low[1:] & low[:-1] & slid).mean())
