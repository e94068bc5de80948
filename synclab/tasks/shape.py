"""Simple shapes as masks: boxes and ellipses in parts of a canvas."""

import torch
from torch import Tensor

from synclab.errors import UserError, nearest

KINDS = ("box", "ellipse")


def is_shape(text: str) -> bool:
    """Whether a region is written as a shape, rather than as the name of a file."""
    return len(text.split()) > 1 and "." not in text.split()[0]


def read_shape(text: str, height: int, width: int, place: str) -> Tensor:
    """1 inside a shape "KIND LEFT TOP RIGHT BOTTOM" and 0 outside: (height, width).

    Positions are parts of the canvas from its upper left corner; a cell belongs to the shape if its
    centre does.

    Raises: UserError for another kind, or for positions that are not in order in [0, 1].
    """
    kind, *numbers = text.split()
    if kind not in KINDS:
        raise UserError(f"{place}: no shape is called {kind}; {nearest(kind, KINDS)}")
    left, top, right, bottom = positions(numbers, place)
    y = ((torch.arange(height) + 0.5) / height)[:, None]
    x = (torch.arange(width) + 0.5) / width
    across = (2 * x - left - right).abs() / (right - left)
    down = (2 * y - top - bottom).abs() / (bottom - top)
    if kind == "box":
        return ((across < 1) & (down < 1)).float()
    return (across.square() + down.square() < 1).float()


def positions(numbers: list[str], place: str) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a shape, in parts of the canvas."""
    try:
        left, top, right, bottom = map(float, numbers)
    except ValueError:
        left, top, right, bottom = 0.0, 0.0, -1.0, -1.0
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise UserError(
            f"{place}: expected four numbers from 0 to 1, LEFT TOP RIGHT BOTTOM, such as"
            " box 0.1 0.2 0.5 0.9"
        )
    return left, top, right, bottom
