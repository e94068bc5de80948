"""The reference splatter: sparse blending matrices in plain PyTorch, on any device."""

import warnings
from dataclasses import dataclass

import torch
from torch import Tensor

from synclab.spaces.raster.boxes import pixels_in_boxes
from synclab.spaces.raster.camera import Camera
from synclab.spaces.splatting.cloud import GaussianCloud
from synclab.spaces.splatting.projection import FAINT, Splats, project

OPAQUE = 0.999
"""Largest opacity of a Gaussian at a pixel."""

DARK = 1e-4
"""A pixel is finished once less than this much light passes through."""


@dataclass(frozen=True, eq=False)
class SparseBlending:
    """Blending weights as a sparse matrix (pixels, Gaussians), and its transpose."""

    matrix: Tensor
    transposed: Tensor
    coverage: Tensor
    depth: Tensor

    @classmethod
    def of(cls, matrix: Tensor, depths: Tensor) -> "SparseBlending":
        """Args: depths (n,) of the Gaussians."""
        coverage = matrix @ torch.ones_like(depths)
        return cls(
            matrix, matrix.t().to_sparse_csr(), coverage, matrix @ depths / coverage.clamp_min(1e-9)
        )

    def read(self, z: Tensor) -> Tensor:
        return (self.matrix.to(z.dtype) @ z.T).T

    def transpose(self, y: Tensor) -> Tensor:
        return (self.transposed.to(y.dtype) @ y.T).T


class TorchSplatter:
    """Evaluates every Gaussian at every pixel of its box, then blends each pixel front to back."""

    def __init__(self, cloud: GaussianCloud) -> None:
        self.cloud = cloud

    def look(self, camera: Camera) -> SparseBlending:
        splats = project(self.cloud, camera)
        pixel, number, alpha = opacities(splats, camera.size)
        weight = alpha * transmittance(pixel, alpha)
        kept = (weight > 0).nonzero()[:, 0]
        shape = camera.size**2, len(self.cloud)
        _, depths = camera.pixels(self.cloud.means)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "sparse CSR tensors are in beta state"
            matrix = sparse(pixel[kept], splats.index[number[kept]], weight[kept].float(), shape)
            return SparseBlending.of(matrix, depths.float())


def opacities(splats: Splats, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Pixels (k,), splats (k,) and opacities (k,) of all pairs, by pixel and then by depth."""
    found = []
    low, high = splats.position - splats.reach, splats.position + splats.reach
    for pixels in pixels_in_boxes(low, high, size, size):
        number = pixels.box
        at = torch.stack([pixels.column, pixels.row], 1).to(low) - splats.position[number]
        (x, y), (xx, xy, yy) = at.unbind(1), splats.conic[number].unbind(1)
        exponent = -0.5 * (xx * x * x + 2 * xy * x * y + yy * y * y)
        alpha = (splats.opacity[number] * exponent.exp()).clamp_max(OPAQUE)
        kept = (alpha >= FAINT).nonzero()[:, 0]
        found.append(((pixels.row * size + pixels.column)[kept], number[kept], alpha[kept]))
    if not found:
        nothing = torch.empty(0, dtype=torch.long, device=low.device)
        return nothing, nothing, low.new_empty(0)
    pixel, number, alpha = (torch.cat(parts) for parts in zip(*found, strict=True))
    order = pixel.argsort(stable=True)  # splats are sorted by depth already
    return pixel[order], number[order], alpha[order]


def transmittance(pixel: Tensor, alpha: Tensor) -> Tensor:
    """Light that reaches each pair through those in front of it; 0 once a pixel is finished."""
    passed = torch.log1p(-alpha)
    total = passed.cumsum(0)
    first = torch.searchsorted(pixel, pixel)  # the nearest pair of the same pixel
    before = total - passed - (total - passed)[first]
    return torch.where((before + passed).exp() > DARK, before.exp(), 0)


def sparse(row: Tensor, column: Tensor, value: Tensor, shape: tuple[int, int]) -> Tensor:
    """A CSR matrix; rows are sorted."""
    start = torch.zeros(shape[0] + 1, dtype=torch.long, device=row.device)
    start[1:] = torch.bincount(row, minlength=shape[0]).cumsum(0)
    return torch.sparse_csr_tensor(start, column, value, shape)
