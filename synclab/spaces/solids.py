"""Procedural solids with texture coordinates: meshes that need no file."""

import math

import torch

from synclab.spaces.mesh_model import MeshModel


def bumpy_sphere(rows: int, bumps: float = 0.15) -> MeshModel:
    """A sphere of `rows` x 2 `rows` quadrilaterals with a wavy radius between 1 +- `bumps`.

    Its texture is equirectangular. Vertices on the +-180 degree seam and at the poles are
    duplicated, so that every vertex has one texture coordinate.
    """
    v, u = torch.meshgrid(
        torch.linspace(0, 1, rows + 1, dtype=torch.float64),
        torch.linspace(0, 1, 2 * rows + 1, dtype=torch.float64),
        indexing="ij",
    )
    polar, azimuth = math.pi * v, 2 * math.pi * u
    wave = (3 * azimuth).sin() * polar.sin() ** 3 + (5 * polar).cos() * polar.sin()
    radius = 1 + bumps * wave / 2
    direction = [polar.sin() * azimuth.sin(), polar.cos(), polar.sin() * azimuth.cos()]
    vertices = (radius * torch.stack(direction)).flatten(1).T
    uv = torch.stack([u, 1 - v]).flatten(1).T
    return MeshModel(vertices, grid_faces(rows, 2 * rows), uv)


def grid_faces(rows: int, columns: int) -> torch.Tensor:
    """Two triangles for every cell of a grid, counter-clockwise from outside."""
    row, column = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    a = (row * (columns + 1) + column).flatten()
    b, c, d = a + 1, a + columns + 1, a + columns + 2
    return torch.stack([torch.stack([a, c, d], 1), torch.stack([a, d, b], 1)], 1).view(-1, 3)
