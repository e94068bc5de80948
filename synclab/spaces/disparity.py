"""Depth of a view in the form that depth-conditioned priors expect."""

import torch
from torch import Tensor


def normalised_disparity(pixel: Tensor, depth: Tensor, size: int) -> Tensor:
    """Inverse depth (size, size): 1 at the nearest pixel, 0 at the farthest and outside.

    Args:
        pixel: (m,) flat indices of the pixels that see the object.
        depth: (m,) their distances along the camera's axis.
    """
    image = torch.zeros(size * size, device=depth.device)
    if len(depth):
        near = 1 / depth
        span = (near.max() - near.min()).clamp_min(1e-9)
        image[pixel] = ((near - near.min()) / span).float()
    return image.view(size, size)
