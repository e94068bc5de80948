"""Every space: a linear projection, its inverse, and what its sets of views cover."""

import math

import pytest
import torch
from conftest import (
    ADJOINT,
    ADJOINT_PANORAMAS,
    ONE_TO_ONE,
    PANORAMAS,
    SPACES,
    close,
    image,
    panorama,
    random_state,
    sphere,
    streams,
    wide,
)
from torch import Tensor

from synclab.core import geometry, sync
from synclab.core.protocols import Views
from synclab.spaces.anagram import Anagram
from synclab.spaces.canvas import Canvas
from synclab.spaces.factors import Factors
from synclab.spaces.surface import Sphere, Torus


def each(spaces: dict) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("space", spaces.values(), ids=spaces)


def random_views_of(space, views: Views, seed: int = 1) -> Tensor:
    """Standard normal instance values, before any codec."""
    return streams(seed).normal("y", (len(views), space.channels, *[space.view_size] * 2))


def weight_of(space, views: Views) -> Tensor:
    """How often the views see every cell (H, W)."""
    return space.scatter(random_views_of(space, views), views)[1][0]


# ---------------------------------------------------------------------- project, scatter and gather


@each(SPACES)
def test_project_is_linear(space):
    a, b, views = random_state(space, 1), random_state(space, 2), space.all_views()
    combined = space.project(2 * a - 3 * b, views)
    close(combined, 2 * space.project(a, views) - 3 * space.project(b, views), 1e-12)


@each(SPACES)
def test_project_shows_every_view_at_its_size(space):
    views = space.all_views()
    seen = space.project(random_state(space), views)
    assert seen.shape == (len(views), space.channels, space.view_size, space.view_size)


@each(SPACES)
def test_views_are_projected_one_by_one(space):
    z, views = random_state(space), space.all_views()
    alone = torch.cat([space.project(z, (view,)) for view in views])
    close(space.project(z, views), alone, 0)


@each(ADJOINT)
def test_scatter_is_the_adjoint_of_project(space):
    z, views = random_state(space), space.all_views()
    y = random_views_of(space, views)
    left = (space.project(z, views) * y).sum()
    close(left, (z * space.scatter(y, views)[0]).sum(), 1e-9)


@each(ADJOINT)
def test_scatter_equals_the_automatic_adjoint(space):
    views = space.all_views()
    y = random_views_of(space, views)
    with torch.no_grad():
        automatic = sync.adjoint_scatter(space, y, views)
    for actual, expected in zip(space.scatter(y, views), automatic, strict=True):
        close(actual.expand_as(expected), expected, 1e-12)


def test_a_space_without_a_scatter_of_its_own_has_the_automatic_one():
    class Mirror(Canvas):
        def project(self, z: Tensor, views: Views) -> Tensor:
            return z.flip(-1).expand(len(views), *z.shape)

    space = Mirror(channels=2, height=8, width=8, view_size=8)
    z = random_state(space)
    close(sync.gather(space, z.flip(-1)[None], ((0.0,),)), z, 1e-12)


@each(SPACES)
def test_weight_is_what_views_of_ones_add_up_to(space):
    views = space.all_views()
    total, weight = space.scatter(torch.ones_like(random_views_of(space, views)), views)
    close(total, weight.expand_as(total), 1e-5)


@each(ONE_TO_ONE)
def test_gather_inverts_project_exactly(space):
    z, views = random_state(space), space.all_views()
    close(sync.gather(space, sync.project(space, z, views), views), z, 1e-12)


@each(ONE_TO_ONE)
def test_sync_is_a_projector(space):
    views = space.all_views()
    once = sync.sync(space, random_views_of(space, views), views)
    close(sync.sync(space, once, views), once, 1e-12)


@each(ONE_TO_ONE)
def test_sync_brings_views_to_agree_in_the_least_squares_sense(space):
    views = space.all_views()
    x = random_views_of(space, views)
    z = sync.gather(space, x, views)
    distance = (space.project(z, views) - x).square().sum()
    for seed in range(3):
        other = z + 0.1 * random_state(space, seed)
        assert (space.project(other, views) - x).square().sum() > distance


@each(PANORAMAS | ADJOINT_PANORAMAS)
def test_constant_panorama_survives_where_it_is_seen(space):
    z, views = torch.full(space.shape, 0.3, dtype=torch.float64), space.all_views()
    back = sync.gather(space, sync.project(space, z, views), views)
    seen = weight_of(space, views) > 0
    close(back[:, seen], z[:, seen], 1e-6)


@pytest.mark.parametrize("inverse", ["backproject", "adjoint"])
@pytest.mark.parametrize("make", [panorama, sphere])
def test_smooth_panorama_survives(make, inverse):
    space = make(inverse=inverse, view_size=16)
    z = geometry.equirect_directions(32, 64).permute(2, 0, 1)[:2]
    back = sync.gather(space, space.project(z, space.all_views()), space.all_views())
    seen = weight_of(space, space.all_views()) > 0.2
    assert (back - z)[:, seen].abs().max() < 0.06


@each(SPACES)
def test_unseen_cells_keep_their_old_value_and_are_zero_without(space):
    views = space.all_views()[:1]
    x, old = sync.project(space, random_state(space), views), random_state(space, 2)
    unseen = weight_of(space, views) == 0
    kept, zero = sync.gather(space, x, views, old), sync.gather(space, x, views)
    close(kept[:, unseen], old[:, unseen], 0)
    close(zero[:, unseen], torch.zeros_like(old[:, unseen]), 0)
    close(kept[:, ~unseen], zero[:, ~unseen], 0)


@each(SPACES)
def test_gather_is_the_weighted_mean_of_what_was_scattered(space):
    views, old = space.all_views(), random_state(space, 2)
    y = random_views_of(space, views)
    total, weight = space.scatter(y, views)
    mean = torch.where(weight > 0, total / weight, old)
    close(space.average(y, views, old), mean, 1e-6)


@each(SPACES)
def test_gather_leaves_the_old_state_as_it_was(space):
    views, old = space.all_views()[:1], random_state(space, 2)
    x = sync.project(space, random_state(space), views)
    before = old.clone()
    assert (sync.gather(space, x, views, old) != before).any()
    close(old, before, 0)


def test_half_precision_is_summed_in_single():
    space = wide()
    x = torch.full((len(space.all_views()), 2, 8, 8), 0.1, dtype=torch.float16)
    z = sync.gather(space, x, space.all_views())
    assert z.dtype == torch.float32
    close(z, torch.full_like(z, float(x[0, 0, 0, 0])), 1e-7)


# --------------------------------------------------------------------------------- what views cover


@pytest.mark.parametrize("step", [0, 1])
@pytest.mark.parametrize(
    "space",
    [wide(), wide(ring=True), panorama(height=64, width=128), sphere(height=64, width=128)],
    ids=["wide", "wide ring", "panorama ring", "sphere"],
)
def test_disjoint_views_do_not_overlap(space, step):
    assert weight_of(space, space.disjoint_views(step, streams())).max() <= 1


@pytest.mark.parametrize("step", [0, 1])
@pytest.mark.parametrize(("height", "width"), [(18, 36), (31, 61)])
def test_disjoint_views_share_no_more_than_border_texels(height, width, step):
    space = sphere(height=height, width=width)
    weight = weight_of(space, space.disjoint_views(step, streams()))
    assert (weight > 1).float().mean() < 0.06


@pytest.mark.parametrize("ring", [False, True])
@pytest.mark.parametrize("width", [8, 30, 32, 33, 36, 40, 44])
def test_disjoint_crops_of_the_first_step_cover_a_wide_image(width, ring):
    space = wide(width=width, ring=ring)
    assert weight_of(space, space.disjoint_views(0, streams())).min() >= 1


@pytest.mark.parametrize("width", [32, 40, 44])
def test_disjoint_crops_of_a_ring_cover_it_at_every_step(width):
    space = wide(width=width, ring=True)
    assert weight_of(space, space.disjoint_views(1, streams())).min() >= 1


SHIFTED = {
    **{f"wide {width}": wide(width=width) for width in (8, 30, 32, 33)},
    **{f"ring {width}": wide(width=width, ring=True) for width in (8, 30, 32, 33)},
    "sphere": sphere(height=32, width=64),
    "panorama ring": panorama(height=64, width=128),
}


@pytest.mark.parametrize("space", SHIFTED.values(), ids=SHIFTED)
def test_shifted_views_cover_all_that_any_view_sees(space):
    rng, anywhere = streams(), weight_of(space, space.all_views()) > 0
    for _ in range(6):
        assert torch.equal(weight_of(space, space.shifted_views(rng)) > 0, anywhere)


def test_shifted_views_of_a_ring_do_not_overlap_and_move():
    space, rng = wide(ring=True), streams()
    drawn = [space.shifted_views(rng) for _ in range(6)]
    assert len(set(drawn)) > 1
    assert all((weight_of(space, views) == 1).all() for views in drawn)


@pytest.mark.parametrize("ring", [False, True])
def test_borders_of_one_step_lie_inside_the_views_of_the_next(ring):
    space = wide(ring=ring)
    first, second = ({int(view[0]) for view in space.disjoint_views(k, streams())} for k in (0, 1))
    assert {offset + 4 for offset in first} - {28} == second - {28}
    assert (28 in second) == ring


@pytest.mark.parametrize("ring", [False, True])
@pytest.mark.parametrize("width", [8, 31, 32, 33])
@pytest.mark.parametrize("height", [8, 17])
def test_all_crops_cover_a_wide_image(height, width, ring):
    space = wide(height=height, width=width, stride=5, ring=ring)
    assert weight_of(space, space.all_views()).min() >= 1
    assert weight_of(space, space.disjoint_views(0, streams())).min() >= 1
    assert weight_of(space, space.shifted_views(streams())).min() >= 1


def test_four_steps_of_tiles_look_across_all_borders_of_the_first():
    """Every two neighbouring cells are seen together by a view of one of them."""
    space = wide(height=16)
    cells = torch.arange(16.0 * 32).view(1, 16, 32).expand(2, -1, -1)
    together = set()
    for step in range(4):
        for view in space.project(cells, space.disjoint_views(step, streams()))[:, 0]:
            for a, b in ((view[:, :-1], view[:, 1:]), (view[:-1], view[1:])):
                together |= set(zip(a.flatten().tolist(), b.flatten().tolist(), strict=True))
    assert len(together) == 16 * 31 + 15 * 32


@pytest.mark.parametrize("ring", [False, True])
def test_a_canvas_of_several_rows_is_crops_along_both_axes(ring):
    space = wide(height=18, stride=5, ring=ring)
    z = streams().normal("z", space.shape)
    views = space.all_views()
    assert [row for column, row in views if column == 0] == [0, 5, 10]
    for (column, row), seen in zip(views, space.project(z, views), strict=True):
        turned = z.roll(-int(column), -1)
        close(seen, turned[:, int(row) : int(row) + 8, :8], 0)


def test_turning_a_canvas_of_several_rows_turns_its_result():
    """Rows and columns are treated alike."""
    high, low = wide(height=32, width=16), wide(height=16, width=32)
    z = streams().normal("z", high.shape)
    assert {view[::-1] for view in high.all_views()} == set(low.all_views())
    for k, other in enumerate((0, 2, 1, 3)):
        turned = {view[::-1] for view in high.disjoint_views(k, streams())}
        assert turned == set(low.disjoint_views(other, streams()))
    views = tuple(view[::-1] for view in high.all_views())
    close(low.project(z.mT, views), high.project(z, high.all_views()).mT, 0)
    inward = high.inwardness(high.all_views())
    close(inward, inward.mT, 0)


@pytest.mark.parametrize("fov", [60.0, 72.0, 80.0, 90.0])
@pytest.mark.parametrize(("height", "width"), [(64, 128), (31, 61), (18, 36)])
def test_each_step_of_a_ring_covers_the_horizon(height, width, fov):
    space = panorama(height=height, width=width, fov=fov)
    for step in range(2):
        assert weight_of(space, space.disjoint_views(step, streams()))[height // 2].min() >= 1


@pytest.mark.parametrize("step", [0, 2])
@pytest.mark.parametrize(("height", "width"), [(32, 64), (31, 61), (18, 36), (10, 20)])
def test_the_cubes_of_a_sphere_cover_leave_no_texel_out(height, width, step):
    space = sphere(height=height, width=width)
    assert weight_of(space, space.disjoint_views(step, streams())).min() >= 1


def test_no_direction_lies_near_an_edge_in_every_set_of_a_sphere_cover():
    space = sphere(height=64, width=128)
    rays = geometry.equirect_directions(64, 128)
    nearest = torch.zeros(64, 128, dtype=torch.float64)
    for step in range(4):
        views = torch.tensor(space.disjoint_views(step, streams()), dtype=torch.float64)
        turned = torch.einsum("hwi,nij->nhwj", rays, geometry.camera_rotation(*views.unbind(-1)))
        x, y, z = turned.unbind(-1)
        inwards = 45 - torch.rad2deg(torch.atan2(torch.maximum(x.abs(), y.abs()), -z))
        nearest = torch.maximum(nearest, inwards.amax(0))
    assert nearest.min() > 10


@pytest.mark.parametrize("step", range(4))
def test_views_of_one_set_of_a_sphere_cover_do_not_overlap(step):
    space = sphere(height=64, width=128)
    covers = sum(inside(space, view).double() for view in space.disjoint_views(step, streams()))
    assert torch.as_tensor(covers).max() == 1


def inside(space, view: tuple[float, ...]) -> Tensor:
    """Which texels lie in the pyramid of a view, told by plane geometry alone."""
    azimuth, elevation = torch.tensor([view], dtype=torch.float64).unbind(-1)
    rays = geometry.equirect_directions(space.height, space.width)
    x, y, z = (rays @ geometry.camera_rotation(azimuth, elevation)[0]).unbind(-1)
    reach = -z * math.tan(math.radians(space.fov) / 2)
    return (x.abs() < reach) & (y.abs() < reach)


@each({"ring": panorama(height=64, width=128), "sphere": sphere(height=64, width=128)})
def test_backprojection_leaves_no_holes_in_a_canvas_finer_than_its_views(space):
    for view in space.all_views():
        assert torch.equal(weight_of(space, (view,)) > 0, inside(space, view))


def test_the_adjoint_leaves_holes_in_a_canvas_finer_than_its_views():
    space = panorama(height=64, width=128, inverse="adjoint")
    view = space.all_views()[0]
    assert (weight_of(space, (view,))[inside(space, view)] == 0).any()


# ------------------------------------------------------------------------------------- random views


def test_random_crops_stay_inside_a_wide_image_and_reach_both_ends():
    space = wide()
    offsets = {view[0] for view in space.random_views(500, streams())}
    assert offsets == set(range(32 - 8 + 1))


def test_random_crops_of_a_ring_begin_everywhere():
    space = wide(ring=True)
    assert {view[0] for view in space.random_views(500, streams())} == set(range(32))


def test_random_views_of_a_ring_look_along_the_horizon():
    azimuth, elevation = torch.tensor(panorama().random_views(2000, streams())).unbind(-1)
    assert (elevation == 0).all()
    assert 0 <= azimuth.min() < 2 and 358 < azimuth.max() < 360


def test_random_views_of_a_sphere_are_uniform_on_it():
    azimuth, elevation = torch.tensor(sphere().random_views(4000, streams())).unbind(-1)
    axis = geometry.direction(azimuth.deg2rad(), elevation.deg2rad())
    close(axis.mean(0), torch.zeros(3), 0.05)
    close(axis.T.cov(), torch.eye(3) / 3, 0.03)


# ---------------------------------------------------------------------------- the sphere's topology


@pytest.mark.parametrize("sampling", ["bilinear", "nearest"])
@pytest.mark.parametrize("elevation", [0.0, 40.0, 90.0])
@pytest.mark.parametrize("azimuth", [3.1, 150.3, 179.9])
def test_the_panorama_closes_at_180_degrees(azimuth, elevation, sampling):
    space = panorama(height=20, width=40, sampling=sampling)
    z = random_state(space)
    turned = space.project(z.roll(40 // 5, -1), ((azimuth + 72, elevation),))
    close(turned, space.project(z, ((azimuth, elevation),)), 1e-5)


@pytest.mark.parametrize("elevation", [90.0, -90.0, 70.0])
def test_a_view_over_a_pole_sees_both_sides(elevation):
    space = sphere(height=8, width=16, view_size=16)
    views = ((20.0, elevation), (200.0, elevation))
    truth = geometry.view_directions(16, 90, *torch.tensor(views).double().unbind(-1))
    z = geometry.equirect_directions(8, 16)[..., [0, 2]].permute(2, 0, 1)
    close(space.project(z, views), truth[..., [0, 2]].permute(0, 3, 1, 2), 0.06)


# --------------------------------------------------------------------------------------- inwardness


@each(SPACES)
def test_inwardness_has_the_networks_size_and_is_symmetric(space):
    inwardness = space.inwardness(space.all_views())
    assert inwardness.shape == (space.view_size // space.factor,) * 2
    assert inwardness.min() >= 0 and inwardness.max() <= 1
    close(inwardness, inwardness.flip(-1), 0)


@each({"wide": wide(), "panorama": panorama()})
def test_ring_views_have_neighbours_at_left_and_right_only(space):
    inwardness = space.inwardness(space.all_views())
    assert (inwardness[:, [0, -1]] == 0).all() and (inwardness[:, 1:-1] > 0).all()


def test_sphere_views_have_neighbours_at_all_sides():
    inwardness = sphere().inwardness(sphere().all_views())
    close(inwardness, inwardness.T, 0)
    assert (inwardness[0] == 0).all() and (inwardness[1:-1, 1:-1] > 0).all()


@each(
    {
        "image": image(),
        "ambiguous": Anagram(channels=3, height=8, width=8, view_size=8, transforms=("identity",)),
        "factorized": Factors(channels=3, height=8, width=8, view_size=8, parts="frequencies"),
    }
)
def test_views_of_the_whole_image_have_no_neighbours(space):
    assert (space.inwardness(space.all_views()) == 1).all()


@each(
    PANORAMAS
    | {
        "cube faces": Sphere(channels=1, view_size=16, height=64, width=128),
        "torus": Torus(channels=1, view_size=16, height=32, width=96),
    }
)
def test_a_view_of_noise_shows_the_noise_of_different_cells(space):
    """So that its pixels have unit variance and hardly any correlation."""
    cells = torch.arange(float(space.height * space.width)).view(1, *space.shape[1:])
    for seen in space.project_noise(cells.expand(space.shape), space.all_views())[:, 0]:
        assert torch.equal(seen, seen.round())
        assert len(seen.unique()) > 0.8 * seen.numel()
