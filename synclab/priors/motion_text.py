"""The text encoder of the embedded motion prior: a bag of the world's words."""

import re
from collections.abc import Sequence

import torch
from torch import Tensor, nn


class BagOfWords(nn.Module):
    """Embeds texts by their words, whatever the order; ignores words that it does not know."""

    def __init__(self, words: Sequence[str], width: int) -> None:
        super().__init__()
        self.index = {word: number for number, word in enumerate(words)}
        self.bag = nn.EmbeddingBag(len(words), width, mode="sum")
        self.sentence = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.SiLU(), nn.Linear(2 * width, width)
        )

    def forward(self, texts: Sequence[str]) -> Tensor:
        """Embeddings (n, width); zeros for a text without a known word, which is no condition."""
        numbers = [self.known(text) for text in texts]
        starts = torch.tensor([0, *(len(own) for own in numbers)])[:-1].cumsum(0)
        flat = torch.tensor([number for own in numbers for number in own], dtype=torch.long)
        device = self.bag.weight.device
        said = torch.tensor([bool(own) for own in numbers], device=device)[:, None]
        return said * self.sentence(self.bag(flat.to(device), starts.to(device)))

    def known(self, text: str) -> list[int]:
        """Numbers of the words of a text."""
        found = re.findall(r"[a-z0-9]+", text.lower())
        return [self.index[word] for word in found if word in self.index]
