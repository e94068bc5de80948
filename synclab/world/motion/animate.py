"""Motions of the world: one request after another, with smooth passages, as joint positions."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from synclab.world.motion.actions import Controls, act, smooth
from synclab.world.motion.body import place_joints
from synclab.world.motion.requests import REQUESTS, SETTLED, Request
from synclab.world.motion.skeleton import FPS

PASSAGE = 18
"""Frames in which one action goes over into the next."""

AROUND = 40
"""Frames before and after a motion that are animated too, for the steps that reach across."""


def draw_motion(
    requests: Sequence[Request],
    starts: Sequence[int],
    frames: int,
    generator: np.random.Generator,
) -> Tensor:
    """Joint positions (frames + 1, 22, 3) in metres, float32.

    Args:
        starts: the frame at which each request begins; the first may be negative.
    """
    time = np.arange(-AROUND, frames + 1 + AROUND)
    acted = [
        act(request, (time - start) / FPS, generator)
        for request, start in zip(requests, starts, strict=True)
    ]
    joints = place_joints(blend(acted, starts, time), generator)
    return torch.from_numpy(joints[AROUND : AROUND + frames + 1]).float()


def blend(acted: Sequence[Controls], starts: Sequence[int], time: np.ndarray) -> Controls:
    """The controls of each request from its start on, with passages around the starts."""
    whole = acted[0]
    for controls, start in zip(acted[1:], starts[1:], strict=True):
        share = smooth(np.clip((time - start) / PASSAGE + 0.5, 0, 1))
        whole = {k: own + share * (controls[k] - own) for k, own in whole.items()}
    return whole


def draw_segment(
    request: Request, generator: np.random.Generator, frames: int = 120, overlap: int = 30
) -> Tensor:
    """A segment (frames + 1, 22, 3) of a longer motion: in its middle the request, and in half of
    the overlap at either end, at even chance each, another request that is drawn.
    """
    margin, settled = overlap // 2, request.kind in SETTLED
    other = [REQUESTS[i] for i in generator.integers(len(REQUESTS), size=2)]
    before, after = generator.random(2) < 0.5
    start = int(generator.integers(-10 if settled else -3 * margin, margin + 1))
    requests, starts = [request], [start]
    if before:
        requests, starts = [other[0], request], [-3 * margin, margin]
    if after:
        requests, starts = [*requests, other[1]], [*starts, frames - margin]
    return draw_motion(requests, starts, frames, generator)


def draw_sequence(
    requests: Sequence[Request],
    generator: np.random.Generator,
    frames: int = 120,
    overlap: int = 30,
) -> Tensor:
    """A true long motion (F + 1, 22, 3) of segments that overlap, one request for each.

    Requests change in the middle of the overlaps.
    """
    stride = frames - overlap
    starts = [0, *(i * stride + overlap // 2 for i in range(1, len(requests)))]
    return draw_motion(requests, starts, overlap + stride * len(requests), generator)
