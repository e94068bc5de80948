"""Fonts of labels in pictures: the committed one, and the system's for letters that it lacks."""

import logging
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from synclab.places import ASSETS

log = logging.getLogger(__name__)

FONT = ASSETS / "fonts" / "DejaVuSans.ttf"
"""Has Latin, Greek, Cyrillic and Arabic letters; Pillow's own font has no é."""

FOLDERS = (
    "/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts",
    "/System/Library/Fonts", "/Library/Fonts", "~/Library/Fonts", "C:/Windows/Fonts",
)  # fmt: skip
"""Where systems keep their fonts."""

ENDINGS = {".ttf", ".ttc", ".otf"}

NO_LETTER = "\U0010fffd"
"""A letter that no font has; fonts draw all that they lack in the same way."""

HELP = (
    "install a font that has them, such as the packages fonts-noto-cjk (Chinese, Japanese, Korean)"
    " or fonts-symbola (emoji)"
)

UNSEEN = {"Cc", "Cf", "Mc", "Me", "Mn", "Zl", "Zp", "Zs"}
"""Unicode's categories of what joins the letter before it: marks, joiners, selectors, spaces."""


def fonts_for(texts: Iterable[str]) -> list[Path]:
    """The committed font and as few of the system's as show every letter of some texts.

    Logs one line that names the letters without a font, if there are any.
    """
    found, lost = [FONT], []
    for letter in sorted({letter for text in texts for letter in text if is_seen(letter)}):
        font = next((path for path in (*found, *system_fonts()) if covers(path, letter)), None)
        if font is None:
            lost.append(f"{letter} (U+{ord(letter):04X})")
        elif font not in found:
            found.append(font)
    if lost:
        log.warning(
            "no font on this machine shows %s: boxes stand for them; %s", " ".join(lost), HELP
        )
    return found


def is_seen(letter: str) -> bool:
    return unicodedata.category(letter) not in UNSEEN


@cache
def system_fonts() -> Sequence[Path]:
    """All font files of the system, regular sans-serif ones first."""
    folders = (Path(folder).expanduser() for folder in FOLDERS)
    paths = {path for folder in folders for path in folder.rglob("*")}
    fonts = [
        path for path in paths if path.suffix.lower() in ENDINGS and "LastResort" not in path.name
    ]
    return sorted(fonts, key=lambda path: ("Regular" not in path.name, "Serif" in path.name, path))


@cache
def covers(path: Path, letter: str) -> bool:
    """Whether a font has a glyph for a letter."""
    font = opened(path, 24)
    if font is None:
        return False
    drawn, missing = (shape(font, own) for own in (letter, NO_LETTER))
    return any(drawn) and drawn != missing


def shape(font: ImageFont.FreeTypeFont, letter: str) -> bytes:
    image = Image.new("L", (48, 48))
    ImageDraw.Draw(image).text((8, 8), letter, 255, font)
    return image.tobytes()


@cache
def opened(path: Path, size: int) -> ImageFont.FreeTypeFont | None:
    """A font of a size in pixels; None for files that Pillow cannot scale."""
    try:
        return ImageFont.truetype(str(path), size)
    except OSError:
        return None


def write(
    draw: ImageDraw.ImageDraw, place: tuple[int, int], text: str, size: int, fonts: Sequence[Path]
) -> None:
    """Writes black text, each letter by the first font that has it.

    Args:
        place: left end of the baseline.
        size: of the fonts, in pixels.
    """
    left, baseline = place
    for path, run in runs(text, fonts):
        font = opened(path, size)
        assert font is not None, "fonts_for gives only fonts that can be opened"
        draw.text((left, baseline), run, "black", font, anchor="ls")
        left += round(font.getlength(run))


def runs(text: str, fonts: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """Pieces of a text with their fonts; letters that none has are the first font's."""
    chosen, last = [], fonts[0]
    for letter in text:
        if is_seen(letter):
            last = next((path for path in fonts if covers(path, letter)), fonts[0])
        chosen.append((last, letter))
    for path, letters in groupby(chosen, lambda own: own[0]):
        yield path, "".join(letter for _, letter in letters)
