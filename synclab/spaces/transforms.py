"""Orthogonal views of a square image, as permutations of its cells (Visual Anagrams, section 4).

An orthogonal map preserves the distribution of white noise: here a permutation of the cells, or a
change of sign.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from synclab.errors import UserError


def identity(cells: Tensor) -> Tensor:
    return cells


def flip(cells: Tensor) -> Tensor:
    """Upside down."""
    return cells.flip(0)


def mirror(cells: Tensor) -> Tensor:
    """Left and right swapped."""
    return cells.flip(1)


def rotate_180(cells: Tensor) -> Tensor:
    return cells.rot90(2)


def rotate_cw(cells: Tensor) -> Tensor:
    """A quarter turn clockwise."""
    return cells.rot90(-1)


def rotate_ccw(cells: Tensor) -> Tensor:
    """A quarter turn anticlockwise."""
    return cells.rot90(1)


def skew(cells: Tensor) -> Tensor:
    """Column j is rolled down by 1.5 (j - middle) cells, truncated to an integer."""
    size = len(cells)
    columns = [cells[:, j].roll(int(1.5 * (j - size // 2))) for j in range(size)]
    return torch.stack(columns, 1)


def patch_permute(cells: Tensor) -> Tensor:
    """8 x 8 patches in a fixed random order."""
    return _shuffle(cells, 8)


def pixel_permute(cells: Tensor) -> Tensor:
    """All cells in a fixed random order."""
    return _shuffle(cells, len(cells))


def inner_circle(cells: Tensor) -> Tensor:
    """A central disc of three quarters of the width, rotated by 180 degrees: radius 24 of 64."""
    size = len(cells)
    offset = torch.arange(size) - (size - 1) / 2
    inside = offset.square() + offset.square()[:, None] < (3 * size / 8) ** 2
    return torch.where(inside, cells.rot90(2), cells)


def _shuffle(cells: Tensor, patches: int) -> Tensor:
    """The seed is fixed, so that a view is the same in every run."""
    if len(cells) % patches:
        raise UserError(f"task.transforms: patches need {patches} to divide {len(cells)} cells")
    size = len(cells) // patches
    blocks = cells.unfold(0, size, size).unfold(1, size, size).flatten(0, 1)
    order = torch.randperm(len(blocks), generator=torch.Generator().manual_seed(0))
    rows = blocks[order].unflatten(0, (patches, patches))
    return rows.permute(0, 2, 1, 3).reshape(patches * size, patches * size)


TRANSFORMS: dict[str, Callable[[Tensor], Tensor]] = {
    "identity": identity,
    "flip": flip,
    "mirror": mirror,
    "rotate_180": rotate_180,
    "rotate_cw": rotate_cw,
    "rotate_ccw": rotate_ccw,
    "skew": skew,
    "patch_permute": patch_permute,
    "pixel_permute": pixel_permute,
    "inner_circle": inner_circle,
    "negate": identity,
}
"""Transforms by name, as in configurations; `negate` also changes the sign."""
