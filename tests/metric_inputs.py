"""Seeded inputs on which metrics are held against other libraries: features, images, networks."""

import numpy as np
import torch
from torch import Tensor, nn

IMAGES = 24
HEADS = (64, 192, 384, 256, 256)  # channels of LPIPS's AlexNet


def features(count: int, width: int, seed: int, shift: float = 0.0) -> np.ndarray:
    """Correlated normal rows whose spread falls off, as a network's does."""
    random = np.random.RandomState(seed)
    mixing = np.random.RandomState(1000).randn(width, width) / np.sqrt(np.arange(1, width + 1))
    return shift + random.randn(count, width) @ mixing.T


def images(seed: int) -> np.ndarray:
    """24 coloured patchworks: uint8 (24, 3, 40, 56)."""
    patches = np.random.RandomState(seed).randint(0, 256 - 40 * seed, (IMAGES, 3, 5, 7))
    return np.kron(patches, np.ones((8, 8), dtype=int)).astype(np.uint8)


class SmallNetwork(nn.Module):
    """What stands in for Inception: images (n, 3, h, w) in [0, 255] to 16 features."""

    num_features = 16
    weight: Tensor

    def __init__(self) -> None:
        super().__init__()
        weight = torch.from_numpy(np.random.RandomState(7).randn(48, 16))
        self.register_buffer("weight", weight)

    def forward(self, images: Tensor) -> Tensor:
        small = nn.functional.interpolate(images.double(), (4, 4), mode="area")
        return (small.flatten(1) / 255 @ self.weight).relu().float()


def stack(seed: int) -> list[Tensor]:
    """Activations of three images in five layers, as LPIPS asks its backbone for."""
    random = np.random.RandomState(seed)
    return [torch.from_numpy(random.rand(3, channels, 2, 3)).float() for channels in HEADS]


def heads() -> list[Tensor]:
    """Weights of LPIPS's five linear layers."""
    random = np.random.RandomState(5)
    return [torch.from_numpy(random.rand(channels)).float() for channels in HEADS]
