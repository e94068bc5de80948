"""A small classifier of the kind of scene and the time of day in a picture.

It was the judge of the embedded protocol's version 1, and is still the embedded perceptual distance
and what the image-text model was trained from. Since version 2 `quality.py` judges.
"""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from synclab.errors import UserError
from synclab.judges.weights import NAME, load_half, save_half
from synclab.places import ASSETS
from synclab.world import KINDS, TIMES

FOLDER = ASSETS / "judge"
SIZE = 64  # pixels that the network sees
WIDTHS = (32, 64, 128, 192)


def block(inputs: int, outputs: int) -> nn.Sequential:
    """Halves the resolution: strided convolution, group normalisation, nonlinearity."""
    convolution = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False)
    return nn.Sequential(convolution, nn.GroupNorm(8, outputs), nn.SiLU())


class Judge(nn.Module):
    """Classifies the kind (an index into KINDS) and the time (into TIMES, for OUTDOOR kinds)."""

    def __init__(self) -> None:
        super().__init__()
        inputs = (3, *WIDTHS)
        self.blocks = nn.Sequential(*(block(*pair) for pair in zip(inputs, WIDTHS, strict=False)))
        self.kind = nn.Linear(WIDTHS[-1], len(KINDS))
        self.time = nn.Linear(WIDTHS[-1], len(TIMES))

    def layers(self, images: Tensor) -> list[Tensor]:
        """Activations (n, c, h, w) of every block for images (n, 3, h, w) in [0, 1] of any size.

        Images are first resized to 64 x 64 pixels by area averaging.
        """
        x, found = 2 * functional.interpolate(images.float(), (SIZE, SIZE), mode="area") - 1, []
        for block in self.blocks:
            x = block(x)
            found.append(x)
        return found

    def features(self, images: Tensor) -> Tensor:
        """Pooled activations (n, 192) of the last block."""
        return self.layers(images)[-1].mean((2, 3))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of images (n, 3, h, w) in [0, 1]: kinds (n, len(KINDS)), times (n, len(TIMES)).

        The time is defined for outdoor kinds only.
        """
        features = self.features(images)
        return self.kind(features), self.time(features)

    @classmethod
    def load(cls, folder: str | Path = FOLDER) -> "Judge":
        """The trained judge in evaluation mode: fp16 in `folder/model.safetensors`, fp32 here."""
        path = Path(folder) / NAME
        if not path.is_file():
            raise UserError(
                f"judge.folder={folder}: no model.safetensors there; expected the judge's weights;"
                f" python -m scripts.embedded classifier writes them to {FOLDER}"
            )
        return load_half(cls(), folder)

    def save(self, folder: str | Path) -> None:
        """Writes `folder/model.safetensors` in half precision."""
        save_half(self, folder)


@torch.no_grad()
def verdicts(judge: Judge, images: Tensor, batch: int = 64) -> tuple[Tensor, Tensor]:
    """Most likely kind and time (n,) each of images (n, 3, h, w) in [0, 1], or of uint8 ones."""
    kinds, times = [], []
    for chunk in images.split(batch):
        chunk = chunk.float() / 255 if chunk.dtype == torch.uint8 else chunk
        kind, time = judge(chunk)
        kinds.append(kind.argmax(1))
        times.append(time.argmax(1))
    return torch.cat(kinds), torch.cat(times)
