"""Distance of pixels from the parts of a view that another view sees better."""

import torch
import torch.nn.functional as F
from scipy.ndimage import distance_transform_edt
from torch import Tensor


def distance_within(own: Tensor, covered: Tensor, size: int, factor: int) -> Tensor:
    """Normalised distance (size / factor, size / factor) of pixels from those that are not `own`.

    As in StochSync's released code: 0 at the border of the own region, 1 deep inside it and where
    the view misses the object; the minimum over the pixels of each latent pixel.

    Args:
        own: (size * size,) whether no other view sees the pixel's surface better.
        covered: (size * size,) whether the pixel sees the object.
    """
    distance = torch.from_numpy(distance_transform_edt(own.view(size, size).cpu().numpy())).float()
    inner = (1.7 * distance / distance.max().clamp_min(1)).clamp(0, 1)
    inner[~covered.view(size, size).cpu()] = 1
    return -F.max_pool2d(-inner[None, None], factor)[0, 0].to(own.device)
