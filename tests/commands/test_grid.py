r"""Grids of samples: which samples, where, and texts that LaTeX and drawings take literally."""

import io
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from test_sheet import BLUE, RED, add_sample

from synclab import figures
from synclab.errors import UserError
from synclab.viewers import drawing, grid_latex
from synclab.viewers.grid import Arrow, Crop, Grid, choose
from synclab.viewers.grid_drawing import draw_grid

STRANGE = r'un café <script> "日本" 🏔 _ % & # $ \ { } ~ ^ | \input{x} `'


@pytest.fixture
def task(tmp_path) -> Path:
    """Two prompts by two methods; the pictures are bands four times as wide as high."""
    for method, colour in (("ddim", RED), ("sds", BLUE)):
        add_sample(tmp_path / "image", method, "sea", colour)
        add_sample(tmp_path / "image", method, STRANGE, colour)
    return tmp_path / "image"


def drawn(task: Path, grid: Grid) -> np.ndarray:
    """The pixels of a grid, at 100 to an inch."""
    figure = draw_grid(choose(task, grid), grid)
    image = Image.open(io.BytesIO(drawing.rendered(figure, "png", dpi=100)))
    return np.asarray(image.convert("RGB"))


def boxes(pixels: np.ndarray, colour: tuple[int, int, int]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of all pixels of a colour."""
    down, across = np.nonzero((pixels == colour).all(-1))
    return across.min(), down.min(), across.max() + 1, down.max() + 1


def test_methods_stand_beside_each_other_and_fill_the_width(task):
    pixels = drawn(task, Grid({"ddim": "DDIM", "sds": "SDS"}, prompts=["sea"], width=4))
    assert pixels.shape[1] == 400
    left, right = boxes(pixels, RED), boxes(pixels, BLUE)
    assert left == pytest.approx((0, left[1], 198, left[1] + 49.5), abs=2)
    assert right == pytest.approx((202, left[1], 400, left[3]), abs=2)


def test_each_prompt_has_its_row_and_further_methods_the_next_line(task):
    both = Grid({}, width=4)
    single = Grid({}, prompts=["sea"], width=4)
    below = Grid({}, prompts=["sea"], width=4, columns=1)
    assert drawn(task, both).shape[0] > 1.8 * drawn(task, single).shape[0]
    red, blue = (boxes(drawn(task, below), colour) for colour in (RED, BLUE))
    assert red[3] < blue[1] and red[2] - red[0] == pytest.approx(400, abs=2)


def test_a_detail_is_cut_from_its_place_and_enlarged(task):
    image = Image.new("RGB", (100, 50), "white")
    image.paste(RED, (40, 10, 60, 30))
    crop = Crop.read("0.4 0.2 0.2 0.4")
    assert (np.asarray(crop.cut(image)) == RED).all()
    plain, detailed = (
        drawn(task, Grid({"ddim": "a"}, prompts=["sea"], crops=crops, width=2))
        for crops in ((), (crop, crop))
    )
    assert detailed.shape[0] - plain.shape[0] == pytest.approx(100 * (0.98 / 2 + 0.04), abs=3)


@pytest.mark.parametrize(("method", "columns"), [(None, [0, 1]), ("sds", [1])])
def test_an_arrow_is_on_the_pictures_of_its_method(method, columns, task):
    grid = Grid({}, prompts=["sea"], width=4)
    plain = drawn(task, grid)
    pixels = drawn(task, Grid({}, prompts=["sea"], width=4, arrows=[Arrow(0.5, 0.5, method)]))
    changed = (plain != pixels).any(-1)
    assert [i for i in (0, 1) if changed[:, 200 * i : 200 * (i + 1)].any()] == columns


@pytest.mark.parametrize("text", ["0.1 0.2 0.3", "0.5 0 0.6 1", "0 0 0 1", "a b c d", "-1 0 1 1"])
def test_a_detail_outside_of_the_picture_is_one_line(text):
    with pytest.raises(UserError, match=f"^--crop {re.escape(text)}: expected LEFT TOP WIDTH"):
        Crop.read(text)


@pytest.mark.parametrize("text", ["", "0.5", "1.5 0", "a b 0.1 0.2", "sds 0.1"])
def test_an_arrow_to_nowhere_is_one_line(text):
    with pytest.raises(UserError, match=f"^--arrow {re.escape(text)}: expected X Y or METHOD"):
        Arrow.read(text)


def test_an_arrow_is_read_with_and_without_a_method():
    assert Arrow.read("0.25 1") == Arrow(0.25, 1.0)
    assert Arrow.read("sds 0 0.5") == Arrow(0.0, 0.5, "sds")


@pytest.mark.parametrize(
    ("grid", "line"),
    [
        (Grid({"sbs": "SDS"}), "--methods sbs: no samples in .*; did you mean 'sds'"),
        (
            Grid({}, arrows=[Arrow(0, 0, "sdss")]),
            "--arrow sdss: no samples in .*; did you mean 'sds'",
        ),
        (Grid({}, prompts=["seaa"]), "--prompt seaa: no samples in .*; did you mean 'sea'"),
        (Grid({}, seed=7), r"--methods ddim,sds: not all have a sample of .* with seed 7"),
    ],
)
def test_samples_that_are_not_there_are_one_line(grid, line, task):
    with pytest.raises(UserError, match=line):
        choose(task, grid)


def test_a_prompt_is_drawn_letter_by_letter(task):
    grid = Grid({}, prompts=[STRANGE])
    svg = drawing.rendered(draw_grid(choose(task, grid), grid), "svg")
    texts = ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    assert STRANGE in " ".join("".join(own.itertext()).strip() for own in texts)


def test_latex_reads_a_prompt_as_text(task):
    text = grid_latex.render(choose(task, Grid({"ddim": "A_1", "sds": "B"})), "a_b.pdf", wide=True)
    (caption,) = re.findall(r"^\\caption\{(.*)\}$", text, re.MULTILINE)
    assert r"Samples of A\_1 and B." in caption and "café" in caption
    assert r"\_ \% \& \# \$ \textbackslash{} \{ \} \textasciitilde{}" in caption
    assert r"\textbackslash{}input\{x\}" in caption and r"\input{" not in caption
    assert r"\unicodetext{日本}{[U+65E5 U+672C]}" in caption
    assert r"\unicodetext{🏔}{[U+1F3D4]}" in caption
    assert caption.count("{") - caption.count(r"\{") == caption.count("}") - caption.count(r"\}")
    assert r"\includegraphics[width=\linewidth]{\detokenize{a_b.pdf}}" in text
    assert r"\begin{figure*}" in text and r"\label{fig:a-b}" in text


def test_a_label_of_latex_has_no_command(task):
    assert grid_latex.text("a\n$x$\tb") == r"a \$x\$ b"


def run(monkeypatch, *words: str) -> int:
    monkeypatch.setattr("sys.argv", ["synclab figures", "grid", *words])
    return figures.main()


@pytest.mark.parametrize(("kind", "start"), [("pdf", b"%PDF"), ("png", b"\x89PNG")])
def test_the_command_writes_the_grid_its_samples_and_its_latex(
    kind, start, task, monkeypatch, caplog
):
    caplog.set_level("INFO")
    words = ("--methods", "sds=SDS,ddim", "--crop", "0.1 0.1 0.2 0.5", "--arrow", "sds 0.5 0.5")
    assert run(monkeypatch, str(task), *words, "--format", kind, "--width", "column") == 0
    assert caplog.messages[-1] == str(task / "figures" / f"grid.{kind}")
    assert all("no font on this machine" in message for message in caplog.messages[:-1])
    assert (task / "figures" / f"grid.{kind}").read_bytes().startswith(start)
    assert f"grid.{kind}" in (task / "figures" / "grid.tex").read_text(encoding="utf-8")
    table = pd.read_csv(task / "figures" / "grid.csv")
    assert set(table["prompt"]) == {"sea", STRANGE} and set(table["method"]) == {"sds", "ddim"}


@pytest.mark.parametrize("words", [("--columns", "0"), ("--name", "a/b"), ("--methods", "x")])
def test_a_mistake_leaves_nothing_behind(words, task, monkeypatch, capsys):
    assert run(monkeypatch, str(task), *words) == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith(f"synclab: {' '.join(words)}: ")
    assert not (task / "figures").exists()
