"""A report shows every sample, harmlessly, and its viewers draw what synclab itself projects."""

import base64
import io
import json
import re
import shlex
import subprocess
import sys
from html import unescape
from pathlib import Path

import browser
import command_line
import numpy as np
import pytest
import torch
from command_line import QUICK, ROOT
from contrast import contrast
from hydra import initialize_config_dir
from PIL import Image
from torch import Tensor

from synclab import report, view
from synclab.config.composition import read_job
from synclab.config.overrides import prepare
from synclab.core.hashing import sha256
from synclab.errors import UserError
from synclab.places import ASSETS, CONF
from synclab.spaces.panorama import Panorama
from synclab.spaces.rig import Rig
from synclab.store.pictures import Picture
from synclab.tasks.turntable import coloured
from synclab.viewers.entries import Entry
from synclab.viewers.page import write_page, write_single

STRANGE = 'un café <script>document.title="bad"</script> "日本" \U0001f3d4 </pre> \\'
PROMPTS = (STRANGE, "a sea")

needs_browser = pytest.mark.skipif(not browser.CHROMIUM, reason="apt-get install chromium")


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Path:
    """Two prompts by two methods on flat pictures, and one panorama, mesh and cloud."""
    folder = tmp_path_factory.mktemp("page")
    prompts = folder / "set.txt"
    prompts.write_text("\n".join(PROMPTS), encoding="utf-8")
    small = ("prior.shape=[3,64,64]", f"results={folder}")
    sweeps = (
        ("-m", "method=ddim,synctweedies", f"prompts={prompts}"),
        ("task=panorama", "prompt=a sea"),
        ("task=mesh", "task.texture=64", "prompt=a sea"),
        ("task=gaussians", "task.count=500", "prompt=a sea"),
        ("task=motion", "prior.shape=[263,1,24]", "task.overlap=6", "prompt=walk"),
    )
    for words in sweeps:
        answer = command_line.run(*QUICK, *small, *words)
        assert answer.code == 0, answer.err
    return folder / "exact"


@pytest.fixture(scope="module")
def page(results) -> Path:
    return write_page(results)


def samples_of(page: Path) -> list[dict]:
    text = page.with_name("data.js").read_text(encoding="utf-8")
    return json.loads(text.removeprefix("const REPORT = ").rstrip().removesuffix(";"))["samples"]


def sample_of(page: Path, kind: str) -> dict:
    return next(sample for sample in samples_of(page) if sample["kind"] == kind)


# What the page holds


def test_every_sample_is_on_the_page_with_files_that_are_there(page, results):
    samples = samples_of(page)
    assert len(samples) == len(command_line.rows(results))
    assert [own["prompt"] for own in samples].count(STRANGE) == 2
    for sample in samples:
        paths = [sample["thumbnail"], sample["picture"], sample["file"], *sample["files"]]
        assert all((page.parent / path).is_file() for path in paths)


def test_a_card_has_the_shape_of_its_thumbnail(page):
    shapes = {sample["kind"]: sample["shape"] for sample in samples_of(page)}
    assert shapes["picture"] == [64, 64]
    width, height = shapes["panorama"]
    assert width > 2 * height  # the poles, which a ring of views leaves black, are cut off
    for sample in samples_of(page):
        assert list(Image.open(page.parent / sample["thumbnail"]).size) == sample["shape"]


def test_each_kind_has_its_viewer(page):
    kinds = {sample["task"]: sample["kind"] for sample in samples_of(page)}
    assert kinds == {
        "gaussians": "gaussians", "image": "picture", "mesh": "mesh", "motion": "motion",
        "panorama": "panorama",
    }  # fmt: skip


def test_the_command_of_a_sample_makes_it_again(page, results, tmp_path):
    sample = sample_of(page, "picture")
    synclab, run, *arguments = shlex.split(sample["command"])
    assert (synclab, run) == ("synclab", "run")
    answer = command_line.run(*arguments, f"results={tmp_path}")
    assert answer.code == 0, answer.err
    (again,) = command_line.images(tmp_path).values()
    assert again == (page.parent / sample["picture"]).read_bytes()


def composed(words: list[str]) -> dict:
    """All values of a job, as `synclab run` would see them."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return read_job(prepare(words))[1]


@pytest.mark.parametrize("prompt", [STRANGE, "'a sea', at night (calm) [still] # ${seed}"])
def test_a_shell_and_hydra_read_the_command_as_the_same_configuration(prompt, tmp_path):
    chosen = ("prior=exact", "method=ddim", "task=masked", "preset=fixed")
    lists = ("task.regions=[box 0 0 0.5 1,ellipse 0 0 1 1]", "prior.shape=[3,8,8]")
    scalars = (
        "method.guidance=null",
        "task.ring=true",
        "prior.mean=-1e-05",
        "task.known=é (1).png",
    )
    words = [*chosen, *lists, *scalars, f"task.prompt_prefix={prompt}", f"prompt={prompt}"]
    body = composed(words)
    row = {"prompt": prompt, "seed": 7, "prior": "exact", "config": body}
    command = Entry("masked", "ddim", Picture(tmp_path, row)).command
    shell = subprocess.run(["sh", "-c", f"printf '%s\\0' {command}"], capture_output=True)
    again = composed(shell.stdout.decode("utf-8").split("\0")[2:-1])
    assert body["prompt"] == body["task"]["prompt_prefix"] == prompt
    assert again == body | {"seed": 7}


def test_a_lora_is_named_by_its_place_not_by_its_hash(tmp_path):
    row = {"prompt": "", "seed": 0, "prior": "tiny", "config": {"prior": {"lora": "0" * 64}}}
    assert "prior.lora=FILE" in Entry("image", "ddim", Picture(tmp_path, row)).command


def test_the_lora_that_a_prior_has_by_itself_is_not_named(tmp_path, monkeypatch):
    (tmp_path / "lora.safetensors").write_bytes(b"weights")
    usual = {"prior": {"lora": str(tmp_path / "lora.safetensors")}}
    monkeypatch.setattr("synclab.viewers.entries.usual", lambda chosen: usual)
    for content, named in ((b"weights", False), (b"others", True)):
        config = {"prior": {"lora": sha256(content)}}
        row = {"prompt": "", "seed": 0, "prior": "tiny_fast", "config": config}
        command = Entry("image", "ddim", Picture(tmp_path, row)).command
        assert ("prior.lora=" in command) == named


def test_a_second_page_makes_no_thumbnail_again(page, results):
    def made() -> dict[Path, int]:
        paths = [own for kind in ("thumbnails", "media") for own in page.parent.glob(f"{kind}/*")]
        return {path: path.stat().st_mtime_ns for path in paths}

    before = made()
    write_page(results)
    assert made() == before and before


def test_a_script_gives_the_bytes_of_its_file(page):
    sample = sample_of(page, "mesh")
    text = (page.parent / sample["media"]).read_text(encoding="utf-8")
    name, data = json.loads(f"[{text.removeprefix('give(').rstrip().removesuffix(');')}]")
    assert name == sample["media"]
    assert base64.b64decode(data) == (page.parent / sample["file"]).read_bytes()


def test_a_task_gets_a_page_and_a_sheet(results, monkeypatch):
    monkeypatch.setattr("sys.argv", ["synclab report", str(results / "image"), "--sheets"])
    assert report.main() == 0
    assert (results / "image" / "report" / "index.html").is_file()
    for sheet in ("sheet.png", "ddim.webp", "synctweedies.webp"):
        assert Image.open(results / "image" / sheet).width > 0


def test_every_task_of_a_folder_gets_its_small_sheets(results, monkeypatch):
    sheet = results / "image" / "ddim.webp"
    sheet.unlink(missing_ok=True)
    monkeypatch.setattr("sys.argv", ["synclab report", str(results), "--sheets"])
    assert report.main() == 0
    assert Image.open(sheet).width > 0


def test_a_single_file_has_a_page_of_its_own(page, tmp_path):
    for kind in ("mesh", "gaussians", "motion", "panorama", "picture"):
        path = page.parent / sample_of(page, kind)["file"]
        assert sample_of(write_single(path, tmp_path / kind), kind)["method"] == path.name


@pytest.mark.parametrize("path", ["missing.glb", "words.txt", "."])
def test_what_cannot_be_shown_is_one_line(path, tmp_path, monkeypatch, capsys):
    (tmp_path / "words.txt").write_text("no picture", encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["synclab view", str(tmp_path / path)])
    assert view.main() == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"synclab: {tmp_path}")


def test_a_report_starts_without_torch():
    code = "import sys, synclab.report; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_an_empty_folder_has_no_page(tmp_path):
    with pytest.raises(UserError, match="no results there"):
        write_page(tmp_path)


# Colours

STYLE = (ASSETS / "page" / "style.css").read_text(encoding="utf-8")


def colours(theme: int) -> dict[str, str]:
    """Names of the page's colours and their values: theme 0 is light, 1 dark."""
    found = re.findall(r"--(\w+): light-dark\((#\w+), (#\w+)\)", STYLE)
    return {name: both[theme] for name, *both in found}


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["page", "card"])
@pytest.mark.parametrize("ink", ["text", "soft", "link"])
def test_contrast_is_that_of_level_aa(theme, ground, ink):
    assert contrast(colours(theme)[ink], colours(theme)[ground]) >= 4.5


# In a browser

SIDE = 256
CAMERA = {"azimuth": 40, "elevation": 15}

DRAW = """
const shots = {};
async function shoot(sample) {
  const canvas = document.createElement("canvas");
  canvas.style = "width:%dpx;height:%dpx";
  document.body.append(canvas);
  const view = await Viewers.open(sample.kind, canvas, await bytesOf(sample));
  view.turn(%s);
  shots[sample.kind] = canvas.toDataURL();
}
const shown3d = REPORT.samples.filter(({ kind }) => !["picture", "motion"].includes(kind));
Promise.all(shown3d.map(shoot)).then(() => { by("answer").textContent = JSON.stringify(shots); });
"""


def decode(url: str) -> Tensor:
    """The picture (3, H, W) of a data URL."""
    image = Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))).convert("RGB")
    return torch.from_numpy(np.array(image)).permute(2, 0, 1) / 255


def projected(path: Path, kind: str) -> Tensor:
    """What synclab's own spaces show of a file to the same camera."""
    if kind == "panorama":
        canvas = torch.from_numpy(np.array(Image.open(path).convert("RGB"))).permute(2, 0, 1) / 255
        _, height, width = canvas.shape
        space = Panorama(channels=3, height=height, width=width, view_size=SIDE, fov=72.0)
        return space.project(canvas, (tuple(CAMERA.values()),))[0]
    space, canvas = coloured(path, Rig(SIDE))
    return space.project(canvas, (tuple(CAMERA.values()),))[0].clamp(0, 1)


@needs_browser
@pytest.mark.slow
def test_viewers_draw_what_synclab_projects(page):
    answer = browser.run(page, DRAW % (SIDE, SIDE, json.dumps(CAMERA)))
    shots = json.loads(unescape(answer))
    assert shots.keys() == {"panorama", "mesh", "gaussians"}
    for kind, url in shots.items():
        path = page.parent / sample_of(page, kind)["file"]
        error = (decode(url) - projected(path, kind)).square().mean()
        assert -10 * error.log10() >= 30, kind


PLAY = """
const answer = {};
const sample = REPORT.samples.find(({ kind }) => kind === "motion");
const canvas = document.createElement("canvas");
canvas.style = "width:400px;height:300px";
document.body.append(canvas);
bytesOf(sample).then((bytes) => Motion.open(canvas, bytes)).then((player) => {
  const drawn = () => canvas.toDataURL();
  player.turn({ playing: false, frame: 3 });
  const first = drawn();
  player.turn({ frame: 40 });
  answer.moves = drawn() !== first;
  player.turn({ frame: 3, azimuth: 200 });
  answer.turns = drawn() !== first;
  const place = player.projection(400, 300, player.path[3]);
  const at = place(...player.joints.values.subarray(66 * 3, 66 * 3 + 3));
  answer.pelvis = [at.x, at.y];
  answer.frames = player.joints.count;
  const turned = [];
  player.onturn = (camera) => turned.push(camera.playing);
  canvas.dispatchEvent(new KeyboardEvent("keydown", { key: " ", bubbles: true, cancelable: true }));
  answer.playing = turned;
  answer.label = player.button.textContent;
  player.close();
  answer.bars = document.querySelectorAll(".player").length;
  by("answer").textContent = JSON.stringify(answer);
});
"""


@needs_browser
@pytest.mark.slow
def test_the_player_shows_a_motion_from_all_sides(page):
    answer = json.loads(unescape(browser.run(page, PLAY)))
    joints = np.load(page.parent / sample_of(page, "motion")["file"])
    assert answer["frames"] == len(joints)
    assert answer["moves"] and answer["turns"]
    azimuth, elevation, scale = np.radians(200), np.radians(12), 300 / 2.6
    path = joints[:14, 0].mean(0)  # the pelvis, averaged over the frames around the fourth
    x, y, z = joints[3, 0] - path * (1, 0, 1)
    near = np.sin(azimuth) * x + np.cos(azimuth) * z
    across = np.cos(azimuth) * x - np.sin(azimuth) * z
    up = np.cos(elevation) * (y - 0.85) - np.sin(elevation) * near
    assert answer["pelvis"] == pytest.approx([200 + scale * across, 150 - scale * up], abs=0.01)
    assert answer["playing"] == [True] and answer["label"] == "Pause"
    assert answer["bars"] == 0


VISIT = """
const answer = {};
const press = (key, target = document) =>
  target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
const cards = () => [...document.querySelectorAll(".card img")];
answer.cards = cards().length;
answer.texts = cards().map((image) => image.alt);
answer.title = document.title;
press("/");
answer.focused = document.activeElement.name;
filters.task.value = "image";
filters.task.dispatchEvent(new Event("input", { bubbles: true }));
answer.filtered = cards().length;
answer.address = location.hash;
document.querySelector(".card").click();
answer.first = by("name").textContent;
press("ArrowRight", dialog);
answer.second = by("name").textContent;
const rival = by("against").querySelector("select");
rival.selectedIndex = 1;
rival.dispatchEvent(new Event("change", { bubbles: true }));
answer.slider = by("stage").querySelectorAll("input[type=range]").length;
by("close").click();
answer.open = dialog.open;
by("answer").textContent = JSON.stringify(answer);
"""


STACK = """
const stage = by("stage");
const panorama = REPORT.samples.find(({ kind }) => kind === "panorama");
const canvases = () => [...stage.querySelectorAll("canvas")];
const heights = () => canvases().map((own) => own.getBoundingClientRect().height);
dialog.showModal();
stage.style = "flex-direction: column; height: 402px";
Promise.all([openView(panorama, stage), openView(panorama, stage)]).then(() => {
  setTimeout(() => { by("answer").textContent = JSON.stringify(heights()); }, 300);
});
"""


@needs_browser
@pytest.mark.slow
def test_two_views_below_each_other_share_the_height_of_a_phone(page):
    assert json.loads(unescape(browser.run(page, STACK))) == [200, 200]


@needs_browser
@pytest.mark.slow
def test_the_page_of_a_single_file_opens_it(page, tmp_path):
    path = page.parent / sample_of(page, "picture")["file"]
    answer = 'by("answer").textContent = [dialog.open, by("facts").textContent];'
    told = f'addEventListener("load", () => {{ {answer} }});'
    assert browser.run(write_single(path, tmp_path), told) == f"true,Files{path.name} "


@needs_browser
@pytest.mark.slow
def test_the_page_is_used_by_keys_and_clicks(page):
    answer = json.loads(unescape(browser.run(page, VISIT)))
    samples = samples_of(page)
    assert answer["cards"] == len(samples)
    assert any(STRANGE in text for text in answer["texts"]) and all(answer["texts"])
    assert answer["title"].startswith("synclab: ")
    assert answer["focused"] == "prompt"
    assert answer["filtered"] == 4
    assert answer["address"] == "#task=image"
    assert answer["first"] != answer["second"]
    assert answer["slider"] == 1
    assert answer["open"] is False
