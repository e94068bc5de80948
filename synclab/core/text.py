"""Checks and splits text in the same way under every locale."""

import re
import unicodedata


def is_text(text: str) -> bool:
    """Whether it can be encoded as UTF-8: lone surrogates stand for bytes that are not text."""
    return not re.search("[\ud800-\udfff]", text)


def is_blank(text: str) -> bool:
    """Whether it contains only spaces, control characters and zero-width characters."""
    return all(unicodedata.category(letter) in ("Cc", "Cf", "Zs", "Zl", "Zp") for letter in text)


def lines_of(text: str) -> list[str]:
    """Splits at LF, CRLF and CR only; `str.splitlines` also splits at NEL, U+2028, form feeds."""
    return re.split(r"\r\n|\n|\r", text)


def texts_of(prompt: str) -> list[str]:
    """The texts of a prompt that has several, separated by "|"."""
    return [text.strip() for text in prompt.split("|")]
