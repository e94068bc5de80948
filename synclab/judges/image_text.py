"""The embedded image-text model: joint embeddings of pictures and prompts, like CLIP's.

Radford et al., Learning Transferable Visual Models From Natural Language Supervision (2103.00020).
"""

import re
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from synclab.errors import UserError
from synclab.judges.classifier import WIDTHS, Judge
from synclab.places import ASSETS

FOLDER = ASSETS / "judge_text"
WIDTH = 128  # numbers of a joint embedding, and of a word


class ImageText(nn.Module):
    """Two towers: the judge's convolutions, and a bag of words.

    Ignores the order of words, and words that the procedural world's captions do not use.
    """

    def __init__(self, words: Sequence[str]) -> None:
        super().__init__()
        self.words = list(words)
        self.index = {word: number for number, word in enumerate(self.words)}
        self.eye = Judge()
        self.picture = nn.Linear(WIDTHS[-1], WIDTH)
        self.bag = nn.EmbeddingBag(len(self.words), WIDTH, mode="sum")
        self.sentence = nn.Sequential(
            nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 2 * WIDTH), nn.SiLU(), nn.Linear(2 * WIDTH, WIDTH)
        )
        self.log_scale = nn.Parameter(torch.tensor(2.0))

    def image(self, images: Tensor) -> Tensor:
        """Unit embeddings (n, 128) of images (n, 3, h, w) in [0, 1], of any size."""
        return functional.normalize(self.picture(self.eye.features(images)), dim=1)

    def text(self, prompts: Sequence[str]) -> Tensor:
        """Unit embeddings (n, 128) of prompts."""
        numbers = [self.known(prompt) for prompt in prompts]
        starts = torch.tensor([0, *(len(n) for n in numbers)])[:-1].cumsum(0)
        flat = torch.tensor([number for words in numbers for number in words], dtype=torch.long)
        device = self.bag.weight.device
        bags = self.bag(flat.to(device), starts.to(device))
        return functional.normalize(self.sentence(bags), dim=1)

    def known(self, prompt: str) -> list[int]:
        """Indices of the prompt's words that are in the vocabulary."""
        words = re.findall(r"[a-z0-9]+", prompt.lower())
        return [self.index[word] for word in words if word in self.index]

    @classmethod
    def load(cls, folder: str | Path = FOLDER) -> "ImageText":
        """The trained model in evaluation mode: fp16 in `folder/model.safetensors`, fp32 here."""
        from safetensors.torch import load_file

        path = Path(folder) / "model.safetensors"
        if not path.is_file():
            raise UserError(
                f"{path}: no such file; expected the image-text model's weights;"
                f" python -m scripts.embedded image_text writes them to {FOLDER}"
            )
        model = cls((Path(folder) / "words.txt").read_text(encoding="utf-8").split())
        model.load_state_dict({name: value.float() for name, value in load_file(path).items()})
        return model.eval().requires_grad_(False)

    def save(self, folder: str | Path) -> None:
        """Writes `folder/model.safetensors` in half precision and `folder/words.txt`."""
        from safetensors.torch import save_file

        Path(folder).mkdir(parents=True, exist_ok=True)
        state = {name: value.half().contiguous() for name, value in self.state_dict().items()}
        save_file(state, Path(folder) / "model.safetensors")
        (Path(folder) / "words.txt").write_text("\n".join(self.words) + "\n", encoding="utf-8")
