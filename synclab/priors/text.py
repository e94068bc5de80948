"""Tokenises prompts for a text encoder."""

import logging
from collections.abc import Collection
from typing import Any

from torch import Tensor

log = logging.getLogger(__name__)


def token_ids(tokenizer: Any, text: str) -> Tensor:
    """(1, length) ids, padded or truncated to the tokenizer's length; truncation logs a warning."""
    length = tokenizer.model_max_length
    warn_of_cut(tokenizer, text, length)
    return tokenizer(
        text, padding="max_length", truncation=True, max_length=length, return_tensors="pt"
    ).input_ids


def word_tokens(tokenizer: Any, prompt: str, words: Collection[str]) -> list[int]:
    """Places of some words among the ids of the prompt; all tokens of a word that has several.

    Words that were truncated have none.
    """
    places, start = [], 1  # after the token of the beginning
    for word in prompt.split():
        length = len(tokenizer(word, add_special_tokens=False).input_ids)
        if word in words:
            places += range(start, start + length)
        start += length
    return [place for place in places if place < tokenizer.model_max_length - 1]


def warn_of_cut(tokenizer: Any, text: str, length: int) -> None:
    """Warns of words that are truncated; the end token takes the last place."""
    tokens = tokenizer(text, verbose=False).input_ids
    if len(tokens) > length:
        lost = tokenizer.decode(tokens[length - 1 : -1])
        log.warning("prompt of %d tokens cut to %d; lost: %r", len(tokens), length, lost)
