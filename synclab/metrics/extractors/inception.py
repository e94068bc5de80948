"""Inception-v3 as in the papers: clean-fid's features, and torch-fidelity's logits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from synclab.errors import UserError
from synclab.judges.requirements import CLEAN_INCEPTION, INCEPTION_LOGITS, check_package
from synclab.metrics.extractors import Cut, Outputs
from synclab.metrics.extractors.weights import identify

if TYPE_CHECKING:
    from torch import Tensor

SIDE = 299


@dataclass(frozen=True)
class CleanInception:
    """`features` (n, 2048) as in clean-fid's mode "clean", for FID, KID, GIQA and precision."""

    device: str = "cpu"
    name = "inception_clean"

    @cached_property
    def identity(self) -> str:
        return f"clean {identify(CLEAN_INCEPTION)}"

    def check(self) -> None:
        CLEAN_INCEPTION.check()

    @cached_property
    def network(self) -> Any:
        import torch

        try:
            whole: Any = torch.jit.load(CLEAN_INCEPTION.path, map_location=self.device)
        except RuntimeError as error:
            raise UserError(
                f"{CLEAN_INCEPTION.path}: not the network ({str(error).splitlines()[0]}); the"
                " download may be incomplete: delete the file and download it again"
            ) from error
        return whole.layers.eval()

    def __call__(self, cut: Cut) -> Outputs:
        import torch

        with torch.no_grad():
            features = self.network((clean_resize(cut.views).to(self.device) - 128) / 128)
        return {"features": features.reshape(len(cut.views), -1).cpu().numpy()}


@dataclass(frozen=True)
class InceptionLogits:
    """`logits` (n, 1008) without the bias, by torch-fidelity as in the papers' Inception Score."""

    device: str = "cpu"
    name = "inception_logits"

    @cached_property
    def identity(self) -> str:
        return f"torch-fidelity logits_unbiased {identify(INCEPTION_LOGITS)}"

    def check(self) -> None:
        check_package("torch_fidelity")
        INCEPTION_LOGITS.check()

    @cached_property
    def network(self) -> Any:
        from torch_fidelity.feature_extractor_inceptionv3 import (  # pyright: ignore[reportMissingImports]
            FeatureExtractorInceptionV3,
        )

        path = str(INCEPTION_LOGITS.path)
        network = FeatureExtractorInceptionV3(
            "inception", ["logits_unbiased"], feature_extractor_weights_path=path
        )
        return network.eval().to(self.device)

    def __call__(self, cut: Cut) -> Outputs:
        import torch

        with torch.no_grad():
            (logits,) = self.network(cut.views.to(self.device))
        return {"logits": logits.cpu().numpy()}


def clean_resize(images: Tensor) -> Tensor:
    """uint8 images (n, 3, h, w) to float32 (n, 3, 299, 299) in [0, 255], not rounded again.

    PIL's bicubic filter in floating point, channel by channel: Parmar et al., On Aliased Resizing
    (2104.11222). It antialiases: the filter widens with the reduction.
    """
    import torch
    from PIL import Image

    def resize(channel: np.ndarray) -> np.ndarray:
        picture = Image.fromarray(channel.astype(np.float32))
        return np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC))

    resized = [[resize(channel) for channel in image] for image in images.cpu().numpy()]
    return torch.from_numpy(np.array(resized)).clamp(0, 255)
