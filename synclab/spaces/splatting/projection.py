"""Projection of 3D Gaussians to 2D: EWA splatting.

Kerbl et al., 3D Gaussian Splatting for Real-Time Radiance Field Rendering, 2023 (arXiv 2308.04079),
section 4, with the constants of its rasteriser.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from synclab.spaces.raster.camera import Camera
from synclab.spaces.splatting.cloud import GaussianCloud

BLUR = 0.3
"""Variance in square pixels added to every projected Gaussian, so that none is below a pixel."""

NEAR = 0.01
"""Depth below which a Gaussian is not drawn."""

SIDE = 1.3
"""Limit of the slope x / depth in the Jacobian, relative to the border of the view."""

FAINT = 1 / 255
"""Smallest opacity that is drawn."""


@dataclass(frozen=True, eq=False)
class Splats:
    """Visible Gaussians in a view, from near to far.

    Args:
        index: (m,) which Gaussians of the cloud they are.
        position: (m, 2) column and row of their centres, in pixels.
        conic: (m, 3) inverse covariance: its entries xx, xy and yy.
        reach: (m, 2) half the size of the box outside of which they are fainter than `FAINT`.
        opacity, depth: (m,).
    """

    index: Tensor
    position: Tensor
    conic: Tensor
    reach: Tensor
    opacity: Tensor
    depth: Tensor


def project(cloud: GaussianCloud, camera: Camera) -> Splats:
    position, depth = camera.pixels(cloud.means)
    index = ((depth > NEAR) & (cloud.opacities > FAINT)).nonzero()[:, 0]
    index = index[depth[index].argsort(stable=True)]
    position, depth, opacity = position[index], depth[index], cloud.opacities[index]
    covariance = flatten(cloud.covariances[index], cloud.means[index], depth, camera)
    xx, xy, yy = covariance[:, 0, 0], covariance[:, 0, 1], covariance[:, 1, 1]
    determinant = xx * yy - xy * xy
    conic = torch.stack([yy, -xy, xx], 1) / determinant[:, None]
    extent = (2 * (opacity / FAINT).log()).sqrt()  # in standard deviations
    reach = torch.stack([xx, yy], 1).sqrt() * extent[:, None]
    return Splats(index, position, conic, reach, opacity, depth)


def flatten(covariance: Tensor, means: Tensor, depth: Tensor, camera: Camera) -> Tensor:
    """Covariances (m, 2, 2) in the image plane, in square pixels: J R^T S R J^T plus the blur."""
    rotation = camera.rotation.to(means)
    local = means @ rotation
    limit = SIDE * math.tan(math.radians(camera.fov) / 2)
    x, y = ((local[:, axis] / depth).clamp(-limit, limit) for axis in (0, 1))
    scale, zero = camera.focal / depth, torch.zeros_like(depth)
    # Columns: right, up, back. Depth falls as a point moves back, rows as it moves up.
    jacobian = torch.stack(
        [torch.stack([scale, zero, scale * x], 1), torch.stack([zero, -scale, -scale * y], 1)], 1
    )
    turned = jacobian @ rotation.T
    blur = BLUR * torch.eye(2).to(means)
    return turned @ covariance @ turned.transpose(1, 2) + blur
