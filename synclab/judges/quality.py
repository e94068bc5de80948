"""The embedded judge of quality: what a view shows, and what was done to it.

Knows the kind of scene, the time of day and the direction of a view, and how strongly each of
seven faults was planted into it, so that its features react to faults as well as to content.
"""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from synclab.errors import UserError
from synclab.judges.weights import NAME, load_half, save_half
from synclab.places import ASSETS
from synclab.world import KINDS, TIMES

FOLDER = ASSETS / "judge_2"
SIZE = 128  # pixels that the network sees
WIDTHS = (24, 48, 96, 128)  # channels at 64, 32, 16 and 8 pixels
FEATURES = 2 * sum(WIDTHS)  # mean and deviation
EMBEDDING = 192
GAIN = 20.0  # of the residual: detail of a twentieth of the range is at the bend of its scale
DIRECTIONS = ("down", "level", "up")  # "level" is up to 30 degrees from the horizon
FAULTS = ("blur", "noise", "contrast", "seam", "ghost", "palette", "paste")
"""Faults that the judge was trained to find; `scripts/embedded/judges/faults.py` plants them."""

CHANNELS = 7  # of the spatial features, as in 2103.03841


def stem() -> nn.Sequential:
    """Halves the resolution with a kernel that sees every pixel.

    Its activations are not normalised, so that they keep the contrast of the picture.
    """
    return nn.Sequential(nn.Conv2d(6, WIDTHS[0], 5, stride=2, padding=2), nn.SiLU())


def convolution(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    """Convolution, group normalisation, nonlinearity."""
    layer = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
    return nn.Sequential(layer, nn.GroupNorm(8, outputs), nn.SiLU())


def level(inputs: int, outputs: int) -> nn.Sequential:
    """Halves the resolution."""
    return nn.Sequential(
        convolution(inputs, outputs, stride=2), convolution(outputs, outputs, stride=1)
    )


@dataclass(frozen=True)
class Verdict:
    """Logits (n, len(KINDS)), (n, len(TIMES)), (n, len(DIRECTIONS)), (n, len(FAULTS)) of n images.

    The time is defined for outdoor kinds only. The sigmoid of a fault's logit is its strength, from
    0 (none) to 1. `features` (n, 592) are mean and deviation of every channel at every level, in
    units of their deviation over the views of the training, so that no level outweighs another;
    `spatial` (n, 448) keep positions, see the function `spatial`.
    """

    kind: Tensor
    time: Tensor
    direction: Tensor
    faults: Tensor
    features: Tensor
    spatial: Tensor


class QualityJudge(nn.Module):
    """Four levels of convolutions; mean and deviation of all of them are embedded together."""

    def __init__(self) -> None:
        super().__init__()
        self.levels = nn.ModuleList([stem(), *(level(*pair) for pair in pairwise(WIDTHS))])
        self.scale = nn.BatchNorm1d(FEATURES, affine=False)
        self.embed = nn.Sequential(nn.Linear(FEATURES, EMBEDDING), nn.SiLU())
        self.kind = nn.Linear(EMBEDDING, len(KINDS))
        self.time = nn.Linear(EMBEDDING, len(TIMES))
        self.direction = nn.Linear(EMBEDDING, len(DIRECTIONS))
        self.faults = nn.Linear(EMBEDDING, len(FAULTS))

    def layers(self, images: Tensor) -> list[Tensor]:
        """Activations (n, c, h, w) of every level for images (n, 3, h, w) in [0, 1] of any size.

        Images of another size are first resized to 128 x 128 pixels.
        """
        x, found = with_residual(resized(images.float())), []
        for layer in self.levels:
            x = layer(x)
            found.append(x)
        return found

    def forward(self, images: Tensor) -> Verdict:
        """What is seen in images (n, 3, h, w) in [0, 1] of any size."""
        layers = self.layers(images)
        features = self.scale(pooled(layers))
        x = self.embed(features)
        kind, time, direction = self.kind(x), self.time(x), self.direction(x)
        return Verdict(kind, time, direction, self.faults(x), features, spatial(layers))

    @classmethod
    def load(cls, folder: str | Path = FOLDER) -> "QualityJudge":
        """The trained judge in evaluation mode: fp16 in `folder/model.safetensors`, fp32 here."""
        path = Path(folder) / NAME
        if not path.is_file():
            raise UserError(
                f"{path}: no such file; expected the weights of the judge of quality;"
                f" python -m scripts.embedded judge writes them to {FOLDER}"
            )
        return load_half(cls(), folder)

    def save(self, folder: str | Path) -> None:
        """Writes `folder/model.safetensors` in half precision."""
        save_half(self, folder)


def resized(images: Tensor) -> Tensor:
    """Images (n, 3, h, w) at 128 x 128 pixels, antialiased; those of this size stay as they are."""
    if images.shape[-2:] == (SIZE, SIZE):
        return images
    return functional.interpolate(images, (SIZE, SIZE), mode="bilinear", antialias=True)


def with_residual(images: Tensor) -> Tensor:
    """Images (n, 3, h, w) in [0, 1] to (n, 6, h, w): with what differs from a 3 x 3 mean.

    Residuals tell faults from content, as in image forensics: Fridrich and Kodovsky, Rich Models
    for Steganalysis (2012). Their scale is linear where they are small and logarithmic beyond.
    """
    padded = functional.pad(images, (1, 1, 1, 1), mode="replicate")
    residual = images - functional.avg_pool2d(padded, 3, stride=1)
    return torch.cat([2 * images - 1, torch.asinh(GAIN * residual)], 1)


def pooled(layers: list[Tensor]) -> Tensor:
    """Mean and deviation over positions of every channel of layers (n, c, h, w): (n, 2 sum c)."""
    flat = [layer.flatten(2) for layer in layers]
    return torch.cat([f(x) for x in flat for f in (mean, deviation)], 1)


def mean(x: Tensor) -> Tensor:
    return x.mean(2)


def deviation(x: Tensor) -> Tensor:
    """Standard deviation over positions; never exactly 0, where its gradient is infinite."""
    return (x.var(2, correction=0) + 1e-6).sqrt()


def spatial(layers: list[Tensor]) -> Tensor:
    """Features (n, 448) that keep positions: 7 channels of the 16-pixel level, on 8 x 8 cells.

    For sFID: Nash et al., Generating Images with Sparse Representations (2103.03841), take the
    first 7 channels of an inner layer of Inception.
    """
    return functional.avg_pool2d(layers[2][:, :CHANNELS], 2).flatten(1)


@torch.no_grad()
def verdicts(judge: QualityJudge, images: Tensor, batch: int = 64) -> Verdict:
    """The verdict on many images (n, 3, h, w) in [0, 1], a batch at a time."""
    parts = [judge(part) for part in images.split(batch)]
    return Verdict(*(torch.cat(values) for values in zip(*map(values_of, parts), strict=True)))


def values_of(verdict: Verdict) -> tuple[Tensor, ...]:
    return tuple(vars(verdict).values())
