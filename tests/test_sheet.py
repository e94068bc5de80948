"""Contact sheets show what is done and leave a gap where nothing is."""

import io
from pathlib import Path

import pytest
from PIL import Image

from synclab.errors import UserError
from synclab.places import CONF
from synclab.store.folder import Store
from synclab.viewers.media import crop_blank
from synclab.viewers.samples import ORDER, read_samples
from synclab.viewers.sheet import LABEL, ROWS, WIDTH, contact_sheet, write_sheet

RED, BLUE = (255, 0, 0), (0, 0, 255)


Colour = tuple[int, int, int]


def band(colour: Colour) -> bytes:
    """A PNG of a band of colour on a canvas that is black above and below it."""
    image = Image.new("RGB", (64, 32))
    image.paste(colour, (0, 8, 64, 24))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def add_sample(
    folder: Path, method: str, prompt: str, colour: Colour, views: Colour | None = None
) -> None:
    """A finished sample; with `views`, the contact sheet of its views beside it."""
    store = Store(folder / method)
    store.open({})
    row = {"id": f"{prompt}-s0", "prompt": prompt, "seed": 0, "seconds": {"total": 1.0}}
    beside = {} if views is None else {"views.png": band(views)}
    store.write(f"{prompt}-s0", band(colour), row, beside)


def middle(sheet: Image.Image, column: int, line: int) -> object:
    """The colour in the middle of a cell of a sheet of 64 x 16 bands."""
    height = WIDTH // 4
    top = (LABEL + height) * line + LABEL
    return sheet.getpixel((WIDTH * column + WIDTH // 2, top + height // 2))


def test_each_method_is_a_column_and_each_prompt_a_row(tmp_path: Path) -> None:
    add_sample(tmp_path, "stochsync", "sea", BLUE)
    add_sample(tmp_path, "ddim", "sea", RED)
    sheet = contact_sheet(read_samples(tmp_path))
    assert sheet.size == (2 * WIDTH, WIDTH // 4 + LABEL)
    assert middle(sheet, 0, 0) == RED
    assert middle(sheet, 1, 0) == BLUE


def test_many_methods_go_on_in_the_next_line_of_their_prompt(tmp_path: Path) -> None:
    for method in "abcde":
        add_sample(tmp_path, method, "hill", RED)
        add_sample(tmp_path, method, "sea", BLUE)
    sheet = contact_sheet(read_samples(tmp_path))
    lines = [[middle(sheet, column, line) for column in range(4)] for line in range(4)]
    white = (255, 255, 255)
    hill, sea = ([[c] * 4, [c] + [white] * 3] for c in (RED, BLUE))
    assert lines == hill + sea


def test_a_mesh_is_shown_by_its_views_and_not_by_its_texture(tmp_path: Path) -> None:
    add_sample(tmp_path, "ddim", "ball", RED, views=BLUE)
    assert middle(contact_sheet(read_samples(tmp_path)), 0, 0) == BLUE
    (tmp_path / "ddim" / "ball-s0.views.png").write_bytes(b"")
    assert middle(contact_sheet(read_samples(tmp_path)), 0, 0) == RED


def test_a_missing_sample_is_a_gap(tmp_path: Path) -> None:
    add_sample(tmp_path, "ddim", "sea", RED)
    add_sample(tmp_path, "ddim", "hill", RED)
    add_sample(tmp_path, "sds", "sea", BLUE)
    sheet = contact_sheet(read_samples(tmp_path))
    ids = list(read_samples(tmp_path)["ddim"])
    assert middle(sheet, 1, ids.index("sea-s0")) == BLUE
    assert middle(sheet, 1, ids.index("hill-s0")) == (255, 255, 255)


def test_rows_that_no_view_has_seen_are_cut_off() -> None:
    image = Image.new("RGB", (64, 32))
    image.paste(RED, (10, 8, 64, 24))
    assert crop_blank(image).size == (64, 16)


def test_a_folder_without_samples_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no finished sample"):
        contact_sheet(read_samples(tmp_path))


def test_a_sheet_of_many_prompts_shows_the_first(tmp_path: Path) -> None:
    for number in range(ROWS + 2):
        add_sample(tmp_path, "ddim", f"prompt-{number:02}", BLUE)
    assert contact_sheet(read_samples(tmp_path)).height == ROWS * (LABEL + WIDTH // 4)


def test_a_sheet_is_drawn_again_only_for_other_samples(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"

    def written() -> int:
        write_sheet(sheet, read_samples(tmp_path))
        return sheet.stat().st_mtime_ns

    for number in range(ROWS):
        add_sample(tmp_path, "ddim", f"prompt-{number:02}", BLUE)
    made = written()
    add_sample(tmp_path, "ddim", "prompt-99", RED)  # beyond the rows of the sheet
    assert written() == made
    add_sample(tmp_path, "ddim", "prompt-00", RED)
    assert written() > made and middle(Image.open(sheet), 0, 0) == RED
    sheet.write_bytes(b"damaged")
    assert written() > made and middle(Image.open(sheet), 0, 0) == RED


def test_the_order_names_each_of_our_methods_once():
    """A new method comes last until it has a line in ORDER of synclab/viewers/samples.py."""
    assert set(ORDER) <= {path.stem for path in (CONF / "method").glob("*.yaml")}
    assert len(ORDER) == len(set(ORDER))
