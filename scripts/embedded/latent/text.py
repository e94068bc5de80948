"""The embedded prior's words: a CLIP tokenizer of the world's vocabulary, and its encoder."""

import json
from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from torch import Tensor
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from synclab.world import vocabulary

LENGTH = 32  # tokens of a prompt, both ends included
START, END = "<|startoftext|>", "<|endoftext|>"


def build_tokenizer() -> Any:
    """Byte-pair encoding trained until every word of the world is one token.

    Other words fall apart into pieces and characters, so that a free prompt degrades gracefully.
    """
    trained = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    trained.pre_tokenizer = pre_tokenizers.Whitespace()
    letters = [chr(code) for code in range(33, 127)]
    trainer = trainers.BpeTrainer(
        vocab_size=100_000, initial_alphabet=letters, end_of_word_suffix="</w>", show_progress=False
    )
    trained.train_from_iterator(sorted(vocabulary()), trainer)
    merges = [tuple(merge) for merge in _merges(trained)]
    pieces = letters + [letter + "</w>" for letter in letters] + ["".join(m) for m in merges]
    names = [START, END, *dict.fromkeys(pieces)]
    vocab = {name: index for index, name in enumerate(names)}
    tokenizer: Any = CLIPTokenizer  # annotated with files, given the values themselves
    return tokenizer(vocab=vocab, merges=merges, model_max_length=LENGTH)


def _merges(tokenizer: Tokenizer) -> list[list[str]]:
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    return [merge.split(" ") if isinstance(merge, str) else merge for merge in merges]


def tokenize(tokenizer: Any, texts: list[str]) -> Tensor:
    """Token ids (n, LENGTH), padded and cut."""
    batch = tokenizer(texts, padding="max_length", truncation=True, max_length=LENGTH)
    return torch.tensor(batch["input_ids"])


def build_text_encoder(tokenizer: Any) -> Any:
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=128,
            intermediate_size=512,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=LENGTH,
            projection_dim=128,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
