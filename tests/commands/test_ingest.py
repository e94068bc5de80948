"""Other projects' outputs become samples like ours, or are refused in one line."""

import json
import sys
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from PIL import Image

from synclab import ingest
from synclab.config.prompts import sample_id
from synclab.metrics.views import look
from synclab.store.pictures import read_pictures
from synclab.viewers.samples import read_samples
from synclab.viewers.sheet import contact_sheet

WIDTH = 256
PROMPTS = ["a sea at dawn", "日本の庭 — " + "a very long garden, " * 20 + "end"]


def picture(width: int = WIDTH, height: int = WIDTH // 2, seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def band(image: Image.Image, latitude: float = 42.54) -> Image.Image:
    """What MVDiffusion keeps of a panorama: rows around the horizon."""
    height = round(image.height * latitude / 90)
    top = (image.height - height) // 2
    return image.crop((0, top, image.width, top + height))


def write_outputs(folder: Path, name: str, image: Image.Image, prompts: list[str]) -> Path:
    """A folder for each prompt, with a picture and the prompt beside it."""
    for i, prompt in enumerate(prompts):
        place = folder / f"{i:06d}"
        place.mkdir(parents=True)
        image.save(place / name)
        (place / "prompt.txt").write_text(prompt + "\n", encoding="utf-8")
    return folder


def write_manifest(folder: Path, *lines: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def command(tmp_path, capsys):
    """`python -m synclab.ingest BASELINE FOLDER --run ours`: exit code and last line."""

    def call(baseline: str, folder: Path) -> tuple[int, str]:
        words = ["synclab.ingest", baseline, str(folder), "--run", "ours"]
        with mock.patch.object(sys, "argv", [*words, "--results", str(tmp_path / "results")]):
            code = ingest.main()
        return code, capsys.readouterr().err.strip().rpartition("\n")[2]

    return call


@pytest.fixture
def results(tmp_path):
    return tmp_path / "results" / "ours"


def test_whole_panoramas_become_samples_with_our_names(command, results, tmp_path):
    folder = write_outputs(tmp_path / "theirs", "pano.jpg", picture(), PROMPTS)
    assert command("panfusion", folder)[0] == 0
    found = read_pictures(results / "panorama" / "panfusion")
    assert {one.id for one in found} == {sample_id(prompt, 0) for prompt in PROMPTS}
    assert {one.prompt for one in found} == set(PROMPTS)
    assert {one.row["source"]["format"] for one in found} == {"JPEG"}
    assert {one.row["prior"] for one in found} == {"PanFusion"}


def test_a_band_shows_what_the_whole_panorama_shows(command, results, tmp_path):
    """All that level views see is kept, to the pixel, by the projector of the evaluation."""
    panorama = picture()
    folder = write_outputs(tmp_path / "theirs", "pano.png", band(panorama), PROMPTS[:1])
    assert command("mvdiffusion", folder)[0] == 0
    (made,) = read_pictures(results / "panorama" / "mvdiffusion")
    panorama.save(tmp_path / "whole.png")
    views = [(float(azimuth), 0.0) for azimuth in (0, 77, 180)]
    whole = type(made)(tmp_path / "whole.png", {}).load()
    assert (look(made.load(), 32, 72, views) == look(whole, 32, 72, views)).all()
    assert made.row["latitude"] == pytest.approx(42.54, abs=0.5)


def test_a_manifest_tells_prompt_seed_and_seconds(command, results, tmp_path):
    folder = write_manifest(tmp_path / "theirs", "path,prompt,seed,seconds", "one,a sea,3,58.6")
    (folder / "one").mkdir()
    band(picture()).save(folder / "one" / "pano.png")
    assert command("lmagic", folder)[0] == 0
    (made,) = read_pictures(results / "panorama" / "lmagic")
    assert (made.prompt, made.row["seed"], made.row["seconds"]) == ("a sea", 3, {"total": 58.6})


def test_rendered_views_stand_side_by_side_in_order(command, results, tmp_path):
    folder = write_manifest(tmp_path / "theirs", "path,prompt", "pretzel,a pretzel")
    (folder / "pretzel" / "view_front").mkdir(parents=True)
    for i in range(120):
        Image.new("RGB", (8, 8), (i, 0, 0)).save(folder / f"pretzel/view_front/{i:04d}.png")
    assert command("paintit", folder)[0] == 0
    (made,) = read_pictures(results / "mesh" / "paintit")
    assert made.load()[0, 0, ::8].tolist() == list(range(0, 120, 12))


def test_the_same_command_does_only_what_is_missing(command, results, tmp_path):
    folder = write_outputs(tmp_path / "theirs", "pano.jpg", picture(), PROMPTS)
    (folder / "000001" / "pano.jpg").unlink()
    code, line = command("panfusion", folder)
    assert code == 1 and "1 of 2 outputs refused, first" in line and "pano.jpg" in line
    times = {path: path.stat().st_mtime_ns for path in results.rglob("*.png")}
    picture().save(folder / "000001" / "pano.jpg")
    assert command("panfusion", folder)[0] == 0
    assert len(list(results.rglob("*.png"))) == 2
    assert all(path.stat().st_mtime_ns == time for path, time in times.items())


@pytest.mark.parametrize(
    ("baseline", "image", "line"),
    [
        ("mvdiffusion", picture(), "256 x 128 covers 90.0 degrees"),
        ("panfusion", band(picture()), "expected 90 for PanFusion"),
        ("mvdiffusion", band(picture(), 20), "covers 19.7 degrees"),
    ],
)
def test_what_a_baseline_does_not_cover_is_refused(
    command, results, tmp_path, baseline, image, line
):
    name = {"mvdiffusion": "pano.png", "panfusion": "pano.jpg"}[baseline]
    code, said = command(baseline, write_outputs(tmp_path / "theirs", name, image, PROMPTS[:1]))
    assert code == 1 and line in said
    assert not list(results.rglob("*.png"))


def test_a_picture_that_is_none_is_refused(command, results, tmp_path):
    folder = write_outputs(tmp_path / "theirs", "pano.jpg", picture(), PROMPTS[:1])
    (folder / "000000" / "pano.jpg").write_bytes(b"no picture")
    code, line = command("panfusion", folder)
    assert code == 1 and "cannot be read" in line
    assert not list(results.rglob("*.png"))


@pytest.mark.parametrize(
    ("manifest", "line"),
    [
        (None, "its outputs do not record their prompts; write"),
        (["path,prompt"], "no output there"),
        (["path,text", "one,a sea"], "line 2: 'prompt'; expected the columns path,prompt"),
        (["path,prompt,seed", "one,a sea,x"], "line 2: invalid literal"),
        (["path,prompt", "one,"], "line 2: no prompt"),
        (["path,prompt,seconds", "one,a sea,nan"], "line 2: seconds=nan: expected a finite number"),
        (["path,prompt,seconds", "one,a sea,-5"], "line 2: seconds=-5: expected a finite number"),
        (["path,prompt,seconds", "one,a sea,inf"], "line 2: seconds=inf: expected a finite number"),
        (["path;prompt", "one;a sea"], "line 2: 'path'; expected the columns path,prompt"),
        (["path,prompt,seed", "one,a sea, at night,3"], "line 2: invalid literal"),
        (["path,prompt", "one,a sea, at night"], "line 2: more cells than columns; put quotes"),
        (["path,prompt", "two,a sea"], "line 2: "),
        (["path,prompt", "one,a sea", "one,a sea"], "same prompt and seed 0 as"),
    ],
)
def test_a_wrong_manifest_is_refused_before_anything_is_written(
    command, results, tmp_path, manifest, line
):
    folder = tmp_path / "theirs"
    (folder / "one").mkdir(parents=True)
    if manifest:
        write_manifest(folder, *manifest)
    code, said = command("lmagic", folder)
    assert code == 1 and line in said
    assert not results.exists()


@pytest.mark.parametrize(
    ("count", "size", "line"),
    [(7, (8, 8), "7 views by tile_res_0"), (10, (8, 6), "views of 8 x 6; expected squares")],
)
def test_wrong_views_are_refused(command, tmp_path, count, size, line):
    folder = write_manifest(tmp_path / "theirs", "path,prompt", "one,a pretzel")
    (folder / "one" / "tile_res_0").mkdir(parents=True)
    for i in range(count):
        Image.new("RGB", size).save(folder / f"one/tile_res_0/view{i}_rgb_render.png")
    code, said = command("paint3d", folder)
    assert code == 1 and line in said


@pytest.mark.parametrize(
    ("baseline", "place", "line"),
    [
        ("mvdifusion", ".", "baseline mvdifusion: no such baseline; did you mean 'mvdiffusion'?"),
        ("mvdiffusion", "gone", "no such folder; expected the outputs of MVDiffusion"),
        ("mvdiffusion", ".", "no output there; expected some with prompt.txt"),
    ],
)
def test_a_wrong_command_is_refused(command, tmp_path, baseline, place, line):
    (tmp_path / "theirs").mkdir()
    code, said = command(baseline, tmp_path / "theirs" / place)
    assert code == 1 and line in said


def test_a_folder_of_another_adapter_is_refused(command, results, tmp_path):
    folder = write_outputs(tmp_path / "theirs", "pano.jpg", picture(), PROMPTS[:1])
    assert command("panfusion", folder)[0] == 0
    config = results / "panorama" / "panfusion" / "config.json"
    changed = json.loads(config.read_text())
    changed["baseline"]["latitude"] = 45
    config.write_text(json.dumps(changed))
    code, line = command("panfusion", folder)
    assert (
        code == 1 and "made by another configuration (baseline.latitude=45 there, 90 now)" in line
    )


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("un café".encode("latin-1"), "prompt.txt: not UTF-8 text (byte 6); save it as UTF-8"),
        ("a sea".encode("utf-16"), "prompt.txt: not UTF-8 text (byte 0)"),
        (b"\n", "prompt.txt: 0 lines; expected one prompt"),
        (b"a sea\nat night\n", "prompt.txt: 2 lines; expected one prompt"),
    ],
)
def test_a_prompt_file_that_is_not_one_line_of_text_is_refused(command, tmp_path, content, line):
    folder = write_outputs(tmp_path / "theirs", "pano.jpg", picture(), PROMPTS[:1])
    (folder / "000000" / "prompt.txt").write_bytes(content)
    code, said = command("panfusion", folder)
    assert code == 1 and line in said


def test_a_byte_order_mark_is_no_part_of_a_prompt(command, results, tmp_path):
    folder = write_outputs(tmp_path / "theirs", "pano.jpg", picture(), PROMPTS[:1])
    (folder / "000000" / "prompt.txt").write_bytes("\ufeffa sea\r\n".encode())
    assert command("panfusion", folder)[0] == 0
    (made,) = read_pictures(results / "panorama" / "panfusion")
    assert made.prompt == "a sea"


def test_a_rotated_output_is_taken_upright(command, results, tmp_path):
    upright = picture()
    exif = Image.Exif()
    exif[0x0112] = 3
    folder = write_outputs(tmp_path / "theirs", "pano.jpg", upright, PROMPTS[:1])
    turned = upright.transpose(Image.Transpose.ROTATE_180)
    turned.save(folder / "000000" / "pano.jpg", "PNG", exif=exif)
    assert command("panfusion", folder)[0] == 0
    (made,) = read_pictures(results / "panorama" / "panfusion")
    assert Image.open(made.path).tobytes() == upright.tobytes()


def test_a_transparent_output_is_refused(command, tmp_path):
    folder = write_outputs(tmp_path / "theirs", "pano.jpg", picture(), PROMPTS[:1])
    clear = picture().convert("RGBA")
    clear.putalpha(100)
    clear.save(folder / "000000" / "pano.jpg", "PNG")
    code, said = command("panfusion", folder)
    assert code == 1 and "has transparent pixels; expected an opaque picture" in said


def test_outputs_without_seconds_have_a_sheet(command, results, tmp_path):
    folder = write_outputs(tmp_path / "theirs", "pano.jpg", picture(), PROMPTS)
    assert command("panfusion", folder)[0] == 0
    assert contact_sheet(read_samples(results / "panorama")).height > 0
