"""The sphere and the torus: the released code's maps, closing, coverage and both directions."""

import math
from typing import Any

import pytest
import torch
from conftest import close, streams
from torch import Tensor

from synclab.core.sync import gather, project
from synclab.replay.recording import Observed, Ties
from synclab.spaces.surface import Sphere, Surface, Torus

CODE: dict[str, Any] = {"grid": "corners", "sampling": "nearest", "margin": 1.0}


def sphere(**changes: Any) -> Sphere:
    size: dict[str, Any] = {"channels": 3, "height": 64, "width": 128, "view_size": 32}
    return Sphere(**size | changes)


def torus(**changes: Any) -> Torus:
    size: dict[str, Any] = {"channels": 3, "height": 64, "width": 192, "view_size": 32}
    return Torus(**size | changes)


def views_of(space: Surface):
    return space.disjoint_views(1, streams())


SPACES: dict[str, Surface] = {"sphere": sphere(), "torus": torus(), "sphere code": sphere(**CODE)}
each = pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)


def released_sphere() -> tuple[Sphere, tuple[float, ...]]:
    """The fact sheet's sphere; its quaternion (w, x, y, z) is (w, x, -y, -z) in our frame."""
    quaternion = torch.tensor([0.9, 0.1, 0.3, -0.3])
    turn = quaternion / quaternion.norm()
    return sphere(height=128, width=256, view_size=64, **CODE), (90.0, 0.0, *turn.tolist())


def released_torus() -> tuple[Torus, tuple[float, ...]]:
    return torus(height=96, width=288, view_size=64, **CODE), (45.0, 150.0)


@pytest.mark.parametrize(
    ("released", "pixel", "texel"),
    [
        (released_sphere, (0, 0), (148.2636, 47.5618)),
        (released_sphere, (63, 0), (196.7165, 64.9410)),
        (released_sphere, (31, 31), (161.0260, 83.7265)),
        (released_sphere, (10, 50), (130.1434, 86.5072)),
        (released_torus, (0, 0), (151.2, 64.0)),
        (released_torus, (63, 0), (208.8, 64.0)),
        (released_torus, (31, 31), (179.0034, 87.6190)),
        (released_torus, (10, 50), (134.4351, 6.0952)),
    ],
)
def test_pixels_look_where_the_released_code_looks(released, pixel, texel):
    space, view = released()
    column, row = space.canvas_position(view)
    x, y = pixel
    close(torch.stack([column[y, x], row[y, x]]).double(), torch.tensor(texel).double(), 1e-4)


@pytest.mark.parametrize(
    ("released", "texel", "pixel"),
    [
        (released_sphere, (149, 50), (2.5138, 2.7315)),
        (released_sphere, (140, 60), (1.5112, 18.1032)),
        (released_torus, (180, 88), (32.0, 32.0)),
        (released_torus, (170, 70), (22.531, 8.0)),
        (released_torus, (200, 5), (41.3606, 49.3333)),
    ],
)
def test_texels_lie_where_the_released_code_puts_them(released, texel, pixel):
    space, view = released()
    flat, column, row = space.view_position(view)
    (i,) = (flat == texel[1] * space.width + texel[0]).nonzero()[0]
    close(torch.stack([column[i], row[i]]).double(), torch.tensor(pixel).double(), 1e-4)


@each
def test_a_constant_survives_both_ways(space):
    z, views = torch.full(space.shape, 0.3), views_of(space)
    close(space.project(z, views), torch.full((6, 3, 32, 32), 0.3), 1e-6)
    close(gather(space, space.project(z, views), views, old=z), z, 1e-6)


@each
def test_faces_of_a_step_hardly_overlap(space):
    _, weight = space.scatter(torch.ones(6, 3, 32, 32), views_of(space))
    assert (weight > 1).float().mean() < 0.15


def test_a_cube_covers_the_sphere_and_three_steps_the_torus():
    for space, views in ((sphere(), views_of(sphere())), (torus(), torus().all_views())):
        _, weight = space.scatter(torch.ones(len(views), 3, 32, 32), views)
        assert weight.min() >= 1


def test_every_step_turns_the_cube_anew_and_a_seed_repeats_it():
    rng, again = streams(), streams()
    first, second = (sphere().disjoint_views(k, rng) for k in range(2))
    assert first != second
    assert [first, second] == [sphere().disjoint_views(k, again) for k in range(2)]


def test_torus_views_move_as_in_the_released_code():
    assert torus().set(1)[:2] == ((45.0, 150.0), (135.0, 0.0))
    assert torus().set(4)[0] == (0.0, 150.0)


def smooth(space: Surface) -> Tensor:
    """A smooth colour on the surface: what closes there closes on the canvas."""
    row, column = torch.meshgrid(*(torch.arange(n) + 0.5 for n in space.shape[1:]), indexing="ij")
    across = 2 * math.pi * column / space.width
    if isinstance(space, Torus):
        down = 2 * math.pi * row / space.height
        return 0.5 + 0.25 * torch.stack([across.cos(), down.sin(), across.sin() * down.cos()])
    down = math.pi * row / space.height
    axes = [down.sin() * across.cos(), down.cos(), down.sin() * across.sin()]
    return 0.5 + 0.25 * torch.stack(axes)


@pytest.mark.parametrize("space", [sphere(), torus()], ids=["sphere", "torus"])
def test_a_smooth_canvas_comes_back_also_where_it_closes(space):
    z, views = smooth(space), space.all_views()
    error = (gather(space, project(space, z, views), views) - z).abs()
    assert error.max() < 1e-2


@pytest.mark.parametrize("space", [sphere(), torus()], ids=["sphere", "torus"])
def test_projection_is_differentiable(space):
    views = views_of(space)
    z = torch.rand(space.shape, requires_grad=True)
    y = torch.rand(6, 3, 32, 32)
    (slope,) = torch.autograd.grad((space.project(z, views) * y).sum(), z)
    close((slope * z).sum(), (space.project(z, views) * y).sum(), 1e-2)


class Seen:
    """A recorded view in which some pixels read another texel."""

    def __init__(self, space: Surface, z: Tensor, views, wrong: int) -> None:
        self.theirs = space.project(z, views).clone()
        self.theirs[0].view(3, -1)[:, :wrong] += 0.5

    def view(self) -> Tensor:
        return self.theirs


@pytest.mark.parametrize(("wrong", "few"), [(0, True), (2, True), (3, False)])
def test_a_replay_goes_on_from_the_recorded_view_where_few_pixels_are_ties(wrong, few):
    space = sphere(view_size=64, **CODE)
    views, z = views_of(space), torch.rand(3, 64, 128)
    noise = Seen(space, z, views, wrong)
    observed = Observed(space, noise)  # pyright: ignore[reportArgumentType]: only `view` is asked
    seen = observed.project(z, views)
    assert observed.ties == Ties(wrong, 6 * 64 * 64) and observed.ties.few is few
    assert torch.equal(seen, noise.theirs) is few
