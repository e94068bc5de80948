"""Labels of pictures show every letter that a font of the machine has, and name the others."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageStat
from test_sheet import RED, add_sample

from synclab.viewers import fonts
from synclab.viewers.fonts import FONT, covers, fonts_for, runs, write
from synclab.viewers.samples import read_samples
from synclab.viewers.sheet import contact_sheet


@pytest.fixture
def system(tmp_path, monkeypatch) -> Iterator[Path]:
    """The only folder of fonts that this machine has, empty."""
    folder = tmp_path / "fonts"
    folder.mkdir()
    monkeypatch.setattr(fonts, "FOLDERS", (str(folder),))
    fonts.system_fonts.cache_clear()
    yield folder
    fonts.system_fonts.cache_clear()


def install(system: Path, ending: str = ".ttf") -> Path:
    """The committed font, as if it were another's."""
    path = system / f"Other-Regular{ending}"
    shutil.copy(FONT, path)
    return path


@pytest.mark.parametrize("letter", "éßøŁжΩ—“")
def test_the_committed_font_has_letters_beyond_ascii(letter, system):
    assert covers(FONT, letter) and fonts_for([letter]) == [FONT]


@pytest.mark.parametrize("letter", ["日", "\U0001f3d4"])
def test_letters_without_a_font_are_named_in_one_line(letter, system, caplog):
    assert fonts_for([f"a {letter} sea", letter]) == [FONT]
    (line,) = caplog.messages
    assert f"{letter} (U+{ord(letter):04X}):" in line and "install" in line


def test_spaces_and_joiners_need_no_font(system, caplog):
    assert fonts_for(["a\u00a0b\u200d\ufe0f\t\u0301"]) == [FONT] and not caplog.messages


def test_a_font_of_the_system_shows_what_the_committed_one_lacks(system, monkeypatch, caplog):
    other = install(system)
    (system / "broken.ttf").write_bytes(b"no font")
    monkeypatch.setattr(fonts, "covers", lambda path, letter: (letter == "é") == (path == other))
    assert fonts_for(["é a"]) == [FONT, other] and not caplog.messages
    assert list(runs("a éé\u0301b", [FONT, other])) == [
        (FONT, "a "),
        (other, "éé\u0301"),
        (FONT, "b"),
    ]


def test_a_file_that_is_no_font_covers_nothing(system):
    (system / "broken.ttf").write_bytes(b"no font")
    assert not covers(system / "broken.ttf", "a")


def test_pieces_follow_each_other(system, monkeypatch):
    other = install(system)
    whole, pieces = Image.new("L", (80, 20), 255), Image.new("L", (80, 20), 255)
    write(ImageDraw.Draw(whole), (2, 15), "abba", 13, [FONT])
    monkeypatch.setattr(fonts, "covers", lambda path, letter: (letter == "a") == (path == FONT))
    write(ImageDraw.Draw(pieces), (2, 15), "abba", 13, [FONT, other])
    differ = ImageChops.difference(whole, pieces)
    assert ImageStat.Stat(differ).mean[0] < 0.2 * ImageStat.Stat(ImageChops.invert(whole)).mean[0]


def test_a_sheet_names_the_letters_that_it_cannot_show(system, tmp_path, caplog):
    add_sample(tmp_path / "task", "ddim", "日本 café", RED)
    add_sample(tmp_path / "task", "sds", "日本 café", RED)
    contact_sheet(read_samples(tmp_path / "task"))
    (line,) = [text for text in caplog.messages if "no font" in text]
    assert "日 (U+65E5) 本 (U+672C)" in line and "é" not in line
