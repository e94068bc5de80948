"""Text embeddings by T5, whose encoder is larger than the denoiser: computed once and kept on disk.

Saharia et al. 2022, "Imagen"; DeepFloyd IF reads the 77 tokens of its encoder T5-v1.1-XXL.
"""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load, save
from torch import Tensor

from synclab.core.atomic import write_atomically
from synclab.core.file_hash import cache_folder, hash_of_files
from synclab.core.hashing import digest
from synclab.priors.parts import Parts
from synclab.priors.text import warn_of_cut

LENGTH = 77


@dataclass
class T5:
    """The text encoder of a checkpoint, loaded for texts that have no file yet, until `release`."""

    parts: Parts
    _encoder: Any = field(default=None, init=False)

    @cached_property
    def tokenizer(self) -> Any:
        from transformers import T5Tokenizer

        return self.parts.tokenizer(T5Tokenizer, "tokenizer")

    @property
    def is_loaded(self) -> bool:
        return self._encoder is not None

    def release(self) -> None:
        """Frees the encoder's memory; the next new text loads it again."""
        self._encoder = None
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def __call__(self, text: str) -> Tensor:
        """Embeddings (1, 77, d) of a text in lower case, in half precision."""
        text = text.lower().strip()
        file = cache_folder() / "t5" / f"{digest(self.identity, text)}.safetensors"
        if not file.is_file():
            file.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(file, save({"embeddings": self.encode(text).half().cpu()}))
        return load(file.read_bytes())["embeddings"].to(self.parts.device)

    @cached_property
    def identity(self) -> str:
        """The name on the Hub, whose commit pins the encoder, or the hash of its files."""
        folder = Path(self.parts.path) / "text_encoder"
        return hash_of_files(folder.iterdir()) if folder.is_dir() else self.parts.path

    @torch.no_grad()
    def encode(self, text: str) -> Tensor:
        """Embeddings by the encoder (1, 77, d)."""
        from transformers import T5EncoderModel

        if self._encoder is None:
            self._encoder = self.parts.text_encoder(T5EncoderModel, "text_encoder")
        warn_of_cut(self.tokenizer, text, LENGTH)
        tokens = self.tokenizer(
            text, padding="max_length", truncation=True, max_length=LENGTH, return_tensors="pt"
        ).to(self.parts.device)
        return self._encoder(tokens.input_ids, tokens.attention_mask).last_hidden_state
