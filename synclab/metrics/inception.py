"""Inception-v3 as the papers use it: clean-fid's front end, and torch-fidelity's for its logits."""

from typing import Any

import numpy as np

SIDE = 299


def clean_resize(images: Any) -> Any:
    """uint8 images (n, 3, h, w) to float32 (n, 3, 299, 299) in [0, 255], not rounded again.

    PIL's bicubic filter in floating point, channel by channel: Parmar et al., On Aliased Resizing
    (2104.11222). The filter widens with the reduction, which other resizers forget.
    """
    import torch
    from PIL import Image

    def resize(channel: np.ndarray) -> np.ndarray:
        picture = Image.fromarray(channel.astype(np.float32))
        return np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC))

    resized = [[resize(channel) for channel in image] for image in images.cpu().numpy()]
    return torch.from_numpy(np.array(resized)).clamp(0, 255)
