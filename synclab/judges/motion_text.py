"""The embedded judge of motions: joint embeddings of motions and texts.

The counterpart of the evaluator of text-to-motion papers (Guo et al. 2022), trained on the world of
motion like CLIP.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from synclab.judges.weights import load_half, save_half
from synclab.places import ASSETS
from synclab.world.motion import CHANNELS, vocabulary
from synclab.world.motion.captions import words

FOLDER = ASSETS / "judge_motion"
WIDTH = 64
"""Numbers of an embedding."""

INNER = 160
"""Channels of the convolutions, and numbers of a word."""


class MotionText(nn.Module):
    """Two towers: convolutions over time, and a bag of words."""

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.index = {word: number for number, word in enumerate(vocabulary())}
        self.register_buffer("mean", torch.zeros(CHANNELS))
        self.register_buffer("std", torch.ones(CHANNELS))
        layers: list[nn.Module] = []
        for channels in (CHANNELS, INNER, INNER):
            layers += [nn.Conv1d(channels, INNER, 5, 2, 2), nn.GroupNorm(8, INNER), nn.SiLU()]
        self.eye = nn.Sequential(*layers)
        self.picture = nn.Linear(2 * INNER, WIDTH)
        self.bag = nn.EmbeddingBag(len(self.index), INNER, mode="sum")
        self.sentence = nn.Sequential(
            nn.LayerNorm(INNER), nn.Linear(INNER, INNER), nn.SiLU(), nn.Linear(INNER, WIDTH)
        )
        self.log_scale = nn.Parameter(torch.tensor(2.0))

    def motion(self, features: Tensor) -> Tensor:
        """Embeddings (n, 64) of HumanML3D features (n, F, 263) of any number of frames."""
        seen = self.eye(((features - self.mean) / self.std).mT)
        return self.picture(torch.cat([seen.mean(-1), seen.amax(-1)], 1))

    def text(self, prompts: Sequence[str]) -> Tensor:
        """Embeddings (n, 64) of texts; ignores the order of words, and unknown ones."""
        numbers = [[self.index[w] for w in words(p) if w in self.index] for p in prompts]
        starts = torch.tensor([0, *(len(own) for own in numbers)])[:-1].cumsum(0)
        flat = torch.tensor([number for own in numbers for number in own], dtype=torch.long)
        device = self.mean.device
        return self.sentence(self.bag(flat.to(device), starts.to(device)))

    def similarity(self, features: Tensor, prompts: Sequence[str]) -> Tensor:
        """Cosines (motions, texts)."""
        seen, said = self.motion(features), self.text(prompts)
        return functional.normalize(seen, dim=1) @ functional.normalize(said, dim=1).T

    @classmethod
    def load(cls, folder: str | Path = FOLDER) -> "MotionText":
        """The trained model in evaluation mode."""
        return load_half(cls(), folder)

    def save(self, folder: str | Path) -> None:
        """Writes `folder/model.safetensors` in half precision."""
        save_half(self, folder)
