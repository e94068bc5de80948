"""A cloud of 3D Gaussians with fixed geometry, and a procedural one that needs no file."""

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from synclab.core.geometry import quaternion_rotation

MINIMUM_OPACITY = 0.1
"""Gaussians below it do not count for the size of the object: scans hold faint, far ones."""


@dataclass(frozen=True, eq=False)
class GaussianCloud:
    """n Gaussians; colours are not part of the cloud.

    Args:
        means: (n, 3) positions; +y is up.
        quaternions: (n, 4) unit rotations (w, x, y, z).
        scales: (n, 3) standard deviations along the rotated axes.
        opacities: (n,) in (0, 1).
    """

    means: Tensor
    quaternions: Tensor
    scales: Tensor
    opacities: Tensor

    def __len__(self) -> int:
        return len(self.means)

    def to(self, device: str) -> "GaussianCloud":
        parts = self.means, self.quaternions, self.scales, self.opacities
        return GaussianCloud(*(part.to(device) for part in parts))

    @cached_property
    def fitted(self) -> "GaussianCloud":
        """The cloud moved and scaled so that its box is centred and its farthest mean is 1 away."""
        solid = self.means[self.opacities >= MINIMUM_OPACITY]
        used = solid if len(solid) else self.means
        centre = (used.amin(0) + used.amax(0)) / 2
        radius = (used - centre).norm(dim=1).max().clamp_min(1e-12)
        means, scales = (self.means - centre) / radius, self.scales / radius
        return GaussianCloud(means, self.quaternions, scales, self.opacities)

    @cached_property
    def covariances(self) -> Tensor:
        """(n, 3, 3), R diag(scales^2) R^T."""
        factor = quaternion_rotation(self.quaternions) * self.scales[:, None, :]
        return factor @ factor.transpose(1, 2)


def bumpy_cloud(count: int, bumps: float = 0.15) -> GaussianCloud:
    """Flat Gaussians on the surface of a sphere with a wavy radius between 1 +- `bumps`.

    They are spread evenly (a Fibonacci lattice), overlap, and lie in the sphere's tangent planes.
    """
    number = torch.arange(count, dtype=torch.float64) + 0.5
    polar = torch.acos(1 - 2 * number / count)
    azimuth = math.pi * (1 + math.sqrt(5)) * number
    ring = polar.sin()
    normal = torch.stack([ring * azimuth.sin(), polar.cos(), ring * azimuth.cos()], 1)
    wave = (3 * azimuth).sin() * ring**3 + (5 * polar).cos() * ring
    means = normal * (1 + bumps * wave / 2)[:, None]
    spacing = math.sqrt(4 * math.pi / count)
    scales = spacing * torch.tensor([0.6, 0.6, 0.1], dtype=torch.float64).expand(count, 3)
    return GaussianCloud(means, from_z_to(normal), scales, torch.full((count,), 0.95).double())


def from_z_to(normal: Tensor) -> Tensor:
    """Quaternions (n, 4) of the shortest rotations of +z to unit vectors (n, 3)."""
    x, y, z = normal.unbind(1)
    quaternion = torch.stack([1 + z, -y, x, torch.zeros_like(z)], 1)
    opposite = torch.tensor([0.0, 1.0, 0.0, 0.0]).to(normal).expand_as(quaternion)
    quaternion = torch.where((z > -1 + 1e-9)[:, None], quaternion, opposite)
    return quaternion / quaternion.norm(dim=1, keepdim=True)
