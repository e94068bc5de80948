"""Windows of an equirectangular canvas, reading between its texels, and what a view can see."""

import math

import pytest
import torch
from conftest import close, streams
from torch import Tensor

from synclab.core import geometry
from synclab.spaces import equirect
from synclab.spaces.equirect import EquirectMaps
from synclab.spaces.resampling import chosen, positions, resample, spread
from synclab.spaces.window import Window

HEIGHT, WIDTH = 6, 9
WINDOWS = {
    "inside": Window(1, 2, 3, 4),
    "across 180 degrees": Window(1, 7, 3, 4),
    "left of the canvas": Window(2, -3, 3, 5),
    "more than once round": Window(0, 3, 6, 12),
    "over the upper pole": Window(-1, 6, 4, 5),
    "over the lower pole": Window(3, -1, 4, 11),
    "everything": Window(-1, -1, 8, 11),
}

each = pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS)


def canvas(seed: int = 0) -> Tensor:
    return streams(seed).normal("canvas", (2, HEIGHT, WIDTH))


def patch(window: Window) -> Tensor:
    return streams(1).normal("patch", (2, window.height, window.width))


def texel(z: Tensor, row: int, column: int) -> Tensor:
    """What lies at a row and column that may be beyond the canvas, by the sphere's topology."""
    if not 0 <= row < HEIGHT:
        row, column = -1 - row if row < 0 else 2 * HEIGHT - 1 - row, column + WIDTH // 2
    return z[:, row, column % WIDTH]


@each
def test_a_window_shows_the_sphere(window):
    z, seen = canvas(), window.cut(canvas())
    for i in range(window.height):
        for j in range(window.width):
            close(seen[:, i, j], texel(z, window.top + i, window.left + j), 0)


@each
def test_adding_is_the_transpose_of_cutting(window):
    z, p, total = canvas(), patch(window), torch.zeros(2, HEIGHT, WIDTH, dtype=torch.float64)
    window.add(total, p)
    close((window.cut(z) * p).sum(), (z * total).sum(), 1e-12)


@each
def test_within_a_canvas_every_texel_is_met_at_most_once(window):
    own = window.within(HEIGHT, WIDTH)
    met = torch.zeros(1, HEIGHT, WIDTH)
    own.add(met, torch.ones(own.height, own.width))
    assert met.max() == 1


def test_a_share_moves_the_canvas_part_of_the_way():
    window, z, p = Window(1, 7, 3, 4), canvas(), patch(Window(1, 7, 3, 4))
    share = torch.tensor([0.0, 0.25, 1.0])[:, None].expand(3, 4)
    expected = window.cut(z) * (1 - share) + p * share
    rest = torch.ones(1, HEIGHT, WIDTH)
    window.add(rest, -torch.ones(3, 4))
    moved = z.clone()
    window.blend(moved, p, share)
    close(window.cut(moved), expected, 1e-12)
    close(moved * rest, z * rest, 0)


# ------------------------------------------------------------------------------------------ reading


def read(image: Tensor, column: Tensor, row: Tensor, sampling: str) -> Tensor:
    column, row = chosen(column, sampling), chosen(row, sampling)  # type: ignore
    return resample(image, positions(column, row, *image.shape[1:]), sampling)  # type: ignore


@pytest.mark.parametrize("sampling", ["bilinear", "nearest"])
def test_integer_positions_are_pixel_centres(sampling):
    row, column = torch.meshgrid(torch.arange(4.0), torch.arange(7.0), indexing="ij")
    image = torch.randn(2, 4, 7, generator=torch.Generator().manual_seed(0))
    close(read(image, column, row, sampling), image, 1e-5)


def test_bilinear_reading_follows_a_linear_image():
    row, column = torch.meshgrid(torch.arange(5.0), torch.arange(8.0), indexing="ij")
    image = (2 * row + 3 * column)[None]
    i, j = torch.tensor([[0.25, 3.5]]), torch.tensor([[1.75, 6.125]])
    close(read(image, j, i, "bilinear")[0], 2 * i + 3 * j, 1e-5)


@pytest.mark.parametrize("width", [3, 826, 4098, 8194])
def test_the_nearest_pixel_is_the_one_chosen_however_wide_the_image(width):
    image = torch.arange(float(width)).expand(1, 2, width)
    column = torch.arange(width, dtype=torch.float64)[None]
    close(read(image, column, torch.zeros_like(column), "nearest")[0], column.float(), 0)


@pytest.mark.parametrize("sampling", ["bilinear", "nearest"])
def test_spreading_is_the_transpose_of_reading(sampling):
    image, values = canvas(), streams(2).normal("values", (2, 4, 5))
    at = streams(3).normal("at", (4, 5, 2)).float()  # some outside
    left = (resample(image, at, sampling) * values).sum()
    close(left, (image * spread(values, at, HEIGHT, WIDTH, sampling)).sum(), 1e-12)


def test_half_precision_is_read_at_single_positions():
    image = torch.arange(1000.0).half().expand(1, 2, 1000)
    column = torch.arange(0.5, 999)[None]
    seen = read(image, column, torch.zeros_like(column), "bilinear")
    assert seen.dtype == torch.float16
    close(seen[0].float(), column, 0.5)


# ---------------------------------------------------------------------------- what a view can see


@pytest.mark.parametrize("fov", [20.0, 72.0, 90.0, 150.0])
@pytest.mark.parametrize("elevation", [0.0, 18.0, -18.0, 44.0, 60.0, -80.0, 90.0, -90.0, 135.0])
def test_no_pixel_of_a_view_lies_outside_its_extent(fov, elevation):
    angle = torch.tensor([elevation], dtype=torch.float64)
    rays = geometry.view_directions(101, fov, torch.zeros_like(angle), angle)
    longitude, latitude = geometry.longitude_latitude(rays)
    half, low, high = geometry.view_extent(math.tan(math.radians(fov) / 2), elevation)
    assert longitude.abs().max() <= half
    assert low <= latitude.min() and latitude.max() <= high


@pytest.mark.parametrize(("fov", "elevation"), [(72.0, 0.0), (36.0, 18.0), (90.0, -40.0)])
def test_the_extent_of_a_view_without_a_pole_is_tight(fov, elevation):
    angle = torch.tensor([elevation], dtype=torch.float64)
    rays = geometry.view_directions(1001, fov, torch.zeros_like(angle), angle)
    longitude, latitude = geometry.longitude_latitude(rays)
    half, low, high = geometry.view_extent(math.tan(math.radians(fov) / 2), elevation)
    found = (longitude.max(), latitude.min(), latitude.max())
    for bound, angle in zip((half, low, high), found, strict=True):
        assert bound == pytest.approx(float(angle), abs=3e-3)


@pytest.mark.parametrize("grid", ["centres", "corners"])
@pytest.mark.parametrize("margin", [0.0, 1.0])
@pytest.mark.parametrize("elevation", [0.0, 18.0, 45.0, -80.0, 90.0])
@pytest.mark.parametrize("azimuth", [0.0, 33.3, 180.0, 351.0])
def test_windows_miss_no_texel_that_a_view_sees(azimuth, elevation, margin, grid):
    maps = EquirectMaps(31, 61, 9, 90.0, "nearest", grid, margin, "cpu")
    _, count = maps.from_views(((azimuth, elevation),)).total(torch.ones(1, 1, 9, 9))
    rays = geometry.equirect_directions(31, 61, maps.offset, maps.dtype)
    angles = torch.tensor([[azimuth, elevation]], dtype=maps.dtype).unbind(-1)
    column, row, ahead = geometry.view_position(rays, 9, 90.0, *angles)
    reach = 4.5 + margin + 1e-6
    seen = (ahead > 0) & ((column - 4).abs() <= reach) & ((row - 4).abs() <= reach)
    assert torch.equal(count > 0, seen)


@pytest.mark.parametrize("grid", ["centres", "corners"])
@pytest.mark.parametrize("sampling", ["bilinear", "nearest"])
@pytest.mark.parametrize("fov", [60.0, 100.0])
def test_a_window_for_each_view_shows_the_same_as_the_whole_canvas(
    fov, sampling, grid, monkeypatch
):
    maps = EquirectMaps(31, 61, 9, fov, sampling, grid, 0.0, "cpu")
    views = tuple((a, e) for a in (0.0, 33.3, 180.0, 351.0) for e in (0.0, 18.0, 45.0, -80.0, 90.0))
    map_anew = EquirectMaps.to_views.__wrapped__
    whole = map_anew(maps, views)
    monkeypatch.setattr(equirect, "SMALL", 0)
    windows = map_anew(maps, views)
    assert (len(whole.lookups), len(windows.lookups)) == (1, len(views))
    z = streams().normal("z", (2, 31, 61))
    close(windows(z), whole(z), 1e-5)
    y = streams().normal("y", (len(views), 2, 9, 9))
    close(windows.transpose(y), whole.transpose(y), 1e-5)
