"""Which views are scored: through the tasks' projector, at a paper's azimuths, as fair crops."""

import json
from pathlib import Path

import pytest
import torch
from PIL import Image

from synclab.config import prompt_sets
from synclab.config.prompt_sets import PromptSet, read_sets
from synclab.core.hashing import sha256
from synclab.errors import UserError
from synclab.metrics import views
from synclab.metrics.extractors import Cut
from synclab.metrics.extractors.image_text import (
    ImageTextEmbeddings,
    ViewTextEmbeddings,
    WholeTextEmbeddings,
)
from synclab.metrics.extractors.seams import Discontinuities, Seams, ZoomSeams
from synclab.metrics.extractors.seams import borders as borders_of_views
from synclab.metrics.protocol import read_protocol
from synclab.metrics.views import (
    CentreCrop,
    DrawnPerspective,
    Perspective,
    PromptPerspective,
    RandomCrop,
    RenderedViews,
    Tiles,
    Whole,
    ZoomLevels,
)
from synclab.store.pictures import Picture, UnusableError
from synclab.world import render_panorama, render_views, sample_scenes

ROW = {"id": "sea-s0", "prompt": "the sea"}
TEN = tuple(range(0, 360, 36))


def wide(width: int = 96, height: int = 16) -> torch.Tensor:
    """Every column has its own colour."""
    return (torch.arange(width) * 255 // width).byte().expand(3, height, width)


def panorama_of(kind: str) -> tuple[torch.Tensor, torch.Tensor]:
    """A scene as a panorama and as ten views, both uint8."""
    generator = torch.Generator().manual_seed(3)
    scene = sample_scenes(1, generator, kind, "day")
    whole = render_panorama(scene, 256, 512)[0][0]
    several = scene[[0] * len(TEN)]
    azimuths = torch.tensor(TEN, dtype=torch.float32)
    seen = render_views(several, azimuths, torch.zeros(len(TEN)), 64)[0]
    return (whole * 255).round().byte(), (seen * 255).round().byte()


@pytest.mark.parametrize("kind", ["mountains", "library"])
def test_views_of_a_panorama_are_what_the_world_shows_there(kind: str) -> None:
    whole, seen = panorama_of(kind)
    cut = Perspective(64, 72, TEN).cut(whole, ROW)
    assert cut.dtype == torch.uint8 and cut.shape == seen.shape
    assert (cut.float() - seen.float()).abs().mean() < 4
    assert (cut.float() - seen.float().roll(1, 0)).abs().mean() > 10


def test_drawn_azimuths_depend_on_the_prompt_and_lie_one_in_each_sector() -> None:
    cutter = DrawnPerspective(size=8, fov=72, count=10)
    sea, hill = (cutter.azimuths({"prompt": prompt}) for prompt in ("the sea", "a hill"))
    assert sea != hill and sea == cutter.azimuths({"prompt": "the sea", "id": "of another method"})
    assert [int(azimuth // 36) for azimuth in sea] == list(range(10))
    assert min(abs(azimuth % 36) for azimuth in sea) > 0  # the methods' own views lie there
    picture = panorama_of("ocean")[0]
    assert torch.equal(cutter.cut(picture, ROW), Perspective(8, 72, tuple(sea)).cut(picture, ROW))


def test_views_are_rounded_not_cut_off() -> None:
    picture = torch.full((3, 32, 64), 255, dtype=torch.uint8)
    assert Perspective(8, 72, TEN).cut(picture, ROW).min() == 255


def fetch_sets(folder: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    """Two sets of the papers, "paper" with this content and "unfetched"."""
    monkeypatch.setattr(prompt_sets, "PROMPTS", folder)
    sets = {
        name: PromptSet("", f"{name}.json", "", sha256(content), 1, "")
        for name in ("paper", "unfetched")
    }
    monkeypatch.setattr(views, "read_sets", lambda: sets)
    views.read_azimuths.cache_clear()


def test_azimuths_of_a_changed_file_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch_sets(tmp_path, monkeypatch, b"the paper's file")
    (tmp_path / "paper.json").write_text('{"data": []}')
    with pytest.raises(UserError, match="paper.json: another file than expected; sha256"):
        PromptPerspective(32, 72, ("paper",)).cut(panorama_of("ocean")[0], ROW)


def test_a_papers_azimuths_are_used_verbatim(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = {"captions": ["the sea"], "thetas": [3, 77, 200]}
    content = json.dumps({"data": [entry]}).encode()
    fetch_sets(tmp_path, monkeypatch, content)
    (tmp_path / "paper.json").write_bytes(content)
    picture = panorama_of("ocean")[0]
    own = PromptPerspective(32, 72, ("paper", "unfetched")).cut(picture, ROW)
    assert torch.equal(own, Perspective(32, 72, (3, 77, 200)).cut(picture, ROW))
    with pytest.raises(UserError, match="no azimuths for the prompt 'a hill'"):
        PromptPerspective(32, 72, ("paper",)).cut(picture, {"prompt": "a hill"})


def test_other_azimuths_have_another_key_in_the_cache_of_features(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = set()
    for thetas in ([3, 77], [3, 78]):
        content = json.dumps({"data": [{"captions": ["the sea"], "thetas": thetas}]}).encode()
        fetch_sets(tmp_path, monkeypatch, content)
        (tmp_path / "paper.json").write_bytes(content)
        keys.add(PromptPerspective(32, 72, ("paper",)).key(ROW))
    assert len(keys) == 2
    assert Perspective(8, 72, (3,)).key(ROW) != Perspective(8, 72, (4,)).key(ROW)


def test_a_panorama_paper_names_sets_that_there_are() -> None:
    view = read_protocol("paper", "panorama").views()
    assert set(view.prompts) <= read_sets().keys()


def write_picture(path: Path, size: tuple[int, int], colour: int) -> str:
    Image.new("RGB", size, (colour, colour, colour)).save(path)
    return sha256(path.read_bytes())


def test_rendered_views_are_cut_from_the_artefact_of_a_mesh(tmp_path: Path) -> None:
    """The picture of a mesh is its texture; the views lie beside it."""
    row = {
        "sha256": write_picture(tmp_path / "bag-s0.png", (64, 64), 0),
        "artefacts": {"views.png": write_picture(tmp_path / "bag-s0.views.png", (40, 20), 200)},
    }
    cutter, picture = RenderedViews(columns=2, part=0.5), Picture(tmp_path / "bag-s0.png", row)
    views = cutter.cut(cutter.source(picture), row)
    assert views.shape == (2, 3, 10, 10) and (views == 200).all()
    write_picture(tmp_path / "bag-s0.views.png", (40, 20), 100)
    with pytest.raises(UnusableError, match="differs from the row's hash"):
        cutter.source(picture)


def test_rendered_views_of_an_ingested_sample_are_its_picture(tmp_path: Path) -> None:
    row = {"sha256": write_picture(tmp_path / "bag-s0.png", (60, 20), 7), "size": [60, 20]}
    cutter = RenderedViews(columns=3)
    views = cutter.cut(cutter.source(Picture(tmp_path / "bag-s0.png", row)), row)
    assert views.shape == (3, 3, 20, 20)


def test_rendered_views_keep_their_order() -> None:
    sheet = torch.arange(6).repeat_interleave(8 * 8).view(2, 3, 8, 8).movedim(2, 1)
    picture = sheet.reshape(1, 16, 24).expand(3, -1, -1).byte()
    views = RenderedViews(columns=3).cut(picture, ROW)
    assert [int(view.float().mean()) for view in views] == [0, 1, 2, 3, 4, 5]
    with pytest.raises(UnusableError, match="no rows of 5 square views"):
        RenderedViews(columns=5).cut(picture, ROW)


def test_a_picture_that_is_no_panorama_is_refused() -> None:
    with pytest.raises(UserError, match="a picture of 96 x 16; expected a panorama"):
        Perspective(8, 72, TEN).cut(wide(), ROW)


def test_tiles_lie_side_by_side() -> None:
    cut = Tiles().cut(wide(width=100), ROW)
    assert cut.shape == (6, 3, 16, 16)
    assert torch.equal(torch.cat(list(cut), -1), wide(width=100)[..., :96])


def test_a_random_crop_depends_on_the_sample_alone() -> None:
    cut = [RandomCrop().cut(wide(), {"id": f"s{seed}"}) for seed in range(20)]
    assert all(crop.shape == (1, 3, 16, 16) for crop in cut)
    assert len({int(crop[0, 0, 0, 0]) for crop in cut}) > 5
    other_method = RandomCrop().cut(255 - wide(), {"id": "s3"})
    assert torch.equal(255 - other_method, cut[3])
    assert not torch.equal(RandomCrop(seed=1).cut(wide(), {"id": "s3"}), cut[3])


def test_a_centre_crop_is_in_the_middle() -> None:
    assert torch.equal(CentreCrop().cut(wide(), ROW)[0], wide()[..., 40:56])


@pytest.mark.parametrize("cutter", [Tiles(), RandomCrop(), CentreCrop()])
def test_wide_pictures_of_two_rows_are_left_out(cutter: Tiles | RandomCrop | CentreCrop) -> None:
    row = ROW | {"config": {"task": {"rows": 2}}}
    with pytest.raises(UnusableError, match="it has 2 rows of views; this protocol scores one"):
        cutter.cut(wide(), row)


def test_a_whole_picture_is_itself() -> None:
    assert torch.equal(Whole().cut(wide(), ROW)[0], wide())


@pytest.mark.parametrize(
    ("seams", "size", "borders"),
    [
        (Seams(0.2, closed=True), (500, 1000), list(range(100, 1000, 100))),
        (Seams(0.25, closed=False), (128, 512), list(range(32, 512, 32))),
    ],
)
def test_seams_are_looked_for_where_views_end(
    seams: Seams | Discontinuities, size: tuple[int, int], borders: list[int]
) -> None:
    assert borders_of_views(torch.empty(3, *size), seams.every) == borders


def test_a_panorama_made_of_views_shows_its_seams() -> None:
    """Ten views of slightly different brightness, side by side."""
    shades = torch.arange(10).repeat_interleave(10) % 2 * 60
    picture = (100 + shades).byte().expand(3, 50, 100)
    found = Seams(0.2, closed=True)(Cut(picture, picture[None], ""))
    assert found["views"].item() > 50 and found["border"].item() > 50
    ramp = Seams(0.25, closed=False)(Cut(wide(), wide()[None], ""))
    assert ramp["views"].item() == pytest.approx(1, rel=0.3) and set(ramp) == {"views"}


def test_the_levels_of_a_zoom_are_scored_if_the_reference_has_them() -> None:
    cutter, picture = ZoomLevels(levels=3, magnification=2), wide(width=48)
    assert torch.equal(cutter.cut(picture, ROW), Tiles().cut(picture, ROW))
    with pytest.raises(UnusableError, match="it has 6 levels, 2 times closer each"):
        cutter.cut(wide(width=96), ROW)
    with pytest.raises(UnusableError, match="it has 3 levels, 4 times closer each"):
        cutter.cut(picture, ROW | {"config": {"task": {"magnification": 4}}})


def test_every_level_is_compared_with_its_own_text() -> None:
    views = torch.randint(0, 255, (2, 3, 64, 64)).byte()
    both = ViewTextEmbeddings()(Cut(views[0], views, "a desert | the sea"))
    single = [ImageTextEmbeddings()(Cut(views[0], views, t)) for t in ("a desert", "the sea")]
    for i, own in enumerate(single):
        assert both["text"][i] == pytest.approx(own["text"][0], abs=1e-5)
    shared = ViewTextEmbeddings()(Cut(views[0], views, "a desert"))["text"]
    assert len(shared) == 2 and shared[1] == pytest.approx(single[0]["text"][0], abs=1e-5)


def test_a_masked_picture_is_compared_with_the_text_of_the_whole() -> None:
    views = torch.randint(0, 255, (1, 3, 64, 64)).byte()
    masked = WholeTextEmbeddings()(Cut(views[0], views, "a desert | a forest | the sea"))
    whole = ImageTextEmbeddings()(Cut(views[0], views, "the sea"))
    assert (masked["text"] == whole["text"]).all() and (masked["image"] == whole["image"]).all()


def test_a_framed_level_shows_in_the_seams_of_a_zoom() -> None:
    flat = (torch.rand(3, 32, 96, generator=torch.Generator().manual_seed(0)) * 50).byte()
    framed = flat.clone()
    framed[:, 8:24, 40:56] += 150  # the middle level's centre
    plain, seen = (float(ZoomSeams(2)(Cut(p, p[None], ""))["levels"][0, 0]) for p in (flat, framed))
    assert plain == pytest.approx(1, abs=0.15) and seen > 3
