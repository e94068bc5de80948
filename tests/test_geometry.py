"""The conventions of synclab.core.geometry, and that its maps are inverse to each other."""

import math

import pytest
import torch
from conftest import close

from synclab.core import geometry

AZIMUTHS = torch.tensor([0.0, 30.0, 100.0, 180.0, -135.0], dtype=torch.float64)
ELEVATIONS = torch.tensor([0.0, 20.0, -90.0, 90.0, -45.0], dtype=torch.float64)


def vector(*numbers: float) -> torch.Tensor:
    return torch.tensor(numbers, dtype=torch.float64)


def axis_of_view(azimuth: float, elevation: float) -> torch.Tensor:
    """The ray through the central pixel."""
    return geometry.view_directions(9, 60, vector(azimuth), vector(elevation))[0, 4, 4]


@pytest.mark.parametrize(
    ("azimuth", "elevation", "expected"),
    [
        (0, 0, (0, 0, -1)),
        (90, 0, (1, 0, 0)),
        (180, 0, (0, 0, 1)),
        (-90, 0, (-1, 0, 0)),
        (0, 90, (0, 1, 0)),
        (70, -90, (0, -1, 0)),
        (90, 45, (0.5**0.5, 0.5**0.5, 0)),
    ],
)
def test_camera_looks_where_azimuth_and_elevation_say(azimuth, elevation, expected):
    close(axis_of_view(azimuth, elevation), vector(*expected), 1e-12)


def test_row_zero_of_a_view_is_up_and_column_zero_is_left():
    rays = geometry.view_directions(8, 60, vector(0), vector(0))[0]
    assert (rays[0, :, 1] > 0).all() and (rays[-1, :, 1] < 0).all()
    assert (rays[:, 0, 0] < 0).all() and (rays[:, -1, 0] > 0).all()


def test_row_zero_of_a_panorama_is_up():
    assert (geometry.equirect_directions(6, 12)[..., 1].diff(dim=0) < 0).all()


def test_longitude_grows_to_the_right_from_minus_to_plus_180():
    longitude, _ = geometry.longitude_latitude(geometry.equirect_directions(6, 12))
    close(longitude.rad2deg(), torch.arange(-165.0, 166, 30).double().expand(6, 12), 1e-9)


def test_a_camera_that_turns_right_sees_longitude_grow():
    longitude, _ = geometry.longitude_latitude(axis_of_view(50, 0))
    assert math.degrees(longitude) == pytest.approx(50)


def test_direction_inverts_longitude_latitude():
    longitude = torch.linspace(-3.1, 3.1, 11, dtype=torch.float64)[:, None].expand(11, 7)
    latitude = torch.linspace(-1.5, 1.5, 7, dtype=torch.float64).expand(11, 7)
    ray = geometry.direction(longitude, latitude)
    close(ray.norm(dim=-1), torch.ones(11, 7).double(), 1e-12)
    for actual, expected in zip(
        geometry.longitude_latitude(ray), (longitude, latitude), strict=True
    ):
        close(actual, expected, 1e-12)


@pytest.mark.parametrize(("height", "width"), [(8, 16), (7, 15), (1, 4)])
def test_a_texels_direction_falls_on_the_texel_itself(height, width):
    column, row = geometry.equirect_position(
        geometry.equirect_directions(height, width), height, width
    )
    close(column, torch.arange(width).double().expand(height, width), 1e-9)
    close(row, torch.arange(height).double()[:, None].expand(height, width), 1e-9)


@pytest.mark.parametrize("size", [8, 9])
@pytest.mark.parametrize("fov", [40.0, 120.0])
def test_view_position_inverts_view_directions(size, fov):
    rays = geometry.view_directions(size, fov, AZIMUTHS, ELEVATIONS)
    index = torch.arange(size).double()
    for i in range(len(AZIMUTHS)):
        one = slice(i, i + 1)
        column, row, ahead = geometry.view_position(
            rays[i], size, fov, AZIMUTHS[one], ELEVATIONS[one]
        )
        close(column[0], index.expand(size, size), 1e-9)
        close(row[0], index[:, None].expand(size, size), 1e-9)
        assert (ahead > 0).all()


def test_what_lies_behind_the_camera_is_not_ahead():
    *_, ahead = geometry.view_position(vector(0, 0, 1), 8, 90, vector(0), vector(0))
    assert ahead.item() == pytest.approx(-1)


@pytest.mark.parametrize("fov", [40.0, 72.0, 120.0])
def test_field_of_view_spans_from_edge_to_edge(fov):
    half = math.radians(fov) / 2
    edges = torch.stack([geometry.direction(vector(a), vector(0))[0] for a in (-half, half)])
    column, *_ = geometry.view_position(edges, 10, fov, vector(0), vector(0))
    close(column[0], vector(-0.5, 9.5), 1e-9)


def test_camera_rotations_are_rotations():
    rotation = geometry.camera_rotation(AZIMUTHS, ELEVATIONS)
    close(rotation @ rotation.mT, torch.eye(3).double().expand_as(rotation), 1e-12)
    close(torch.linalg.det(rotation), torch.ones(len(rotation)).double(), 1e-12)
