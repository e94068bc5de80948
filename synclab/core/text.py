"""Which characters make a text, a line and something to read, the same under every locale."""

import re
import unicodedata


def is_text(text: str) -> bool:
    """Whether UTF-8 can write it: no lone surrogates, which stand for bytes that are no text."""
    return not re.search("[\ud800-\udfff]", text)


def is_blank(text: str) -> bool:
    """Whether nothing of it is visible: spaces, controls and zero-width characters only."""
    return all(unicodedata.category(letter) in ("Cc", "Cf", "Zs", "Zl", "Zp") for letter in text)


def lines_of(text: str) -> list[str]:
    """Lines as editors show them; `str.splitlines` also splits at NEL, U+2028 and form feeds."""
    return re.split(r"\r\n|\n|\r", text)
