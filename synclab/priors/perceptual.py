"""Perceptual distances (n,) of images (n 3 h w) in [0, 1] to others, which may broadcast."""

from collections.abc import Callable
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from synclab.errors import UserError
from synclab.priors.frozen import frozen

Distance = Callable[[Tensor, Tensor], Tensor]


def judge(device: str) -> Distance:
    """Squared distance of the embedded judge's features, each of length 1: 0 to 4."""
    from synclab.judges.classifier import Judge

    network: Any = frozen(Judge.load()).to(device)

    def distance(first: Tensor, second: Tensor) -> Tensor:
        features = [F.normalize(network.features(image), dim=1) for image in (first, second)]
        return (features[0] - features[1]).square().sum(1)

    return distance


def lpips(device: str) -> Distance:
    """LPIPS over VGG-16, version 0.1 (Zhang et al. 2018), on images in [-1, 1].

    Raises: UserError where the package or VGG's weights are missing.
    """
    from synclab.judges.requirements import DOCTOR, VGG16, check_package

    try:
        check_package("lpips")
        VGG16.check()
    except UserError as error:
        raise UserError(f"prior.perceptual=lpips: {error}; {DOCTOR}") from error
    from lpips import LPIPS  # pyright: ignore[reportMissingImports]

    network: Any = frozen(LPIPS(net="vgg", verbose=False)).to(device)
    return lambda first, second: network(2 * first - 1, 2 * second - 1).flatten()


PERCEPTUAL = {"judge": judge, "lpips": lpips}
"""Distances by the names that `prior.perceptual` accepts."""
