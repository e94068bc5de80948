"""Tasks that begin with something, or read one canvas in several ways."""

from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import torch
from conftest import close, last, prior_of, random_state, streams
from PIL import Image as Picture

from synclab.core.pictures import to_png
from synclab.core.protocols import Sample, Views
from synclab.core.sync import gather
from synclab.errors import UserError
from synclab.jobs.counting import CountingPrior
from synclab.methods.stochsync import StochSync
from synclab.methods.visual_anagrams import VisualAnagrams
from synclab.priors.branches import Branches
from synclab.priors.exact import Gaussian
from synclab.spaces.anagram import Anagram
from synclab.spaces.panorama import Panorama
from synclab.spaces.transforms import TRANSFORMS
from synclab.spaces.view_sets import checkerboard, ring, unseen
from synclab.spaces.wide import Wide
from synclab.tasks.ambiguous import AmbiguousTask
from synclab.tasks.hole import spread
from synclab.tasks.panorama import PanoramaTask
from synclab.tasks.panorama_8k import Panorama8KTask
from synclab.tasks.picture import read_opaque
from synclab.tasks.wide import WideTask


def anagram(*names: str, size: int = 16, **changes: Any) -> Anagram:
    return Anagram(channels=2, height=size, width=size, view_size=size, transforms=names, **changes)


# --------------------------------------------------------------------------------- ambiguous images


@pytest.mark.parametrize("name", TRANSFORMS)
def test_a_view_is_orthogonal(name: str) -> None:
    space = anagram(name)
    z, x = random_state(space), random_state(space, 1)[None]
    views = space.all_views()
    seen = space.project(z, views)
    close(seen.square().sum(), z.square().sum(), 1e-9)
    close((seen * x).sum(), (z * space.scatter(x, views)[0]).sum(), 1e-9)
    close(gather(space, seen, views), z, 0)


@pytest.mark.parametrize("name", [name for name in TRANSFORMS if name != "identity"])
def test_a_view_shows_something_else(name: str) -> None:
    space = anagram(name)
    z = random_state(space)
    assert not torch.equal(space.project(z, space.all_views())[0], z)


def test_a_negative_turns_colours_about_grey_and_noise_about_zero() -> None:
    z = torch.full((2, 16, 16), 0.9)
    views = ((0.0,),)
    close(anagram("negate", offset=0.5).project(z, views), torch.full((1, 2, 16, 16), 0.1), 1e-6)
    close(anagram("negate").project(z, views), -z[None], 0)


@pytest.mark.parametrize("offset", [0.0, 0.5])
def test_a_negative_of_a_negative_is_the_picture(offset: float) -> None:
    space, z = anagram("negate", offset=offset), torch.full((2, 16, 16), 0.9)
    views = space.all_views()
    close(gather(space, space.project(z, views), views), z, 1e-6)


def test_a_quarter_turn_is_undone_by_the_other() -> None:
    space = anagram("rotate_cw", "rotate_ccw")
    z = random_state(space)
    there = space.project(z, ((0.0,),))[0]
    close(space.project(there, ((1.0,),))[0], z, 0)
    assert torch.equal(there[0, :, -1], z[0, 0])  # the top row is now the right column


def test_a_denoiser_without_orientation_makes_anagrams_plain_images() -> None:
    """All views agree about the noise, so averaging it changes nothing."""
    space, method = anagram("identity", "rotate_180", "negate"), VisualAnagrams(steps=4)
    one = last(method, prior_of(space, mean=0.0), anagram("identity"))
    close(last(method, prior_of(space, mean=0.0), space), one, 1e-9)


class Words(CountingPrior):
    """A prior that only knows which text it was asked to embed."""

    def embed(self, prompt: str) -> Branches:
        value = torch.full((1, 1, 1), float(len(prompt)))
        return Branches((value,), (value,))


def test_every_reading_has_its_own_text() -> None:
    task = AmbiguousTask(transforms=("identity", "flip"))
    readings = task.condition(Words(channels=4), Sample("a", "four | sevenly", 0))
    at: Any = readings.at(((1.0,), (0.0,), (1.0,)))
    assert at.positive[0].flatten().tolist() == [7, 4, 7]


def test_as_many_texts_as_readings() -> None:
    task = AmbiguousTask(transforms=("identity", "flip"))
    with pytest.raises(UserError, match="3 texts for 2 views"):
        task.condition(Words(channels=4), Sample("a", "one | two | three", 0))
    with pytest.raises(UserError, match="task.transforms=flipp: did you mean 'flip'"):
        AmbiguousTask(transforms=("flipp",))


# ----------------------------------------------------------------------------------------- panorama


def lengths(task: PanoramaTask, views: Views) -> list[float]:
    """Lengths of the texts that these views are given."""
    at: Any = task.condition(Words(channels=4), Sample("a", "a desert", 0)).at(views)
    return at.positive[0].flatten().tolist()


def test_steep_views_are_told_where_they_look() -> None:
    task = PanoramaTask(cover="sphere", fov=90.0)
    level, up, down = lengths(task, ((0.0, 0.0), (0.0, 90.0), (90.0, -45.0)))
    assert level == len("a desert")
    assert up == len("looking up at a desert")
    assert down == len("looking down at the ground, a desert")


@pytest.mark.parametrize("cover", ["ring", "sphere"])
def test_the_text_of_every_view_begins_with_the_prefix(cover: Any) -> None:
    views = ((0.0, 0.0), (0.0, 90.0), (90.0, -45.0))
    plain = lengths(PanoramaTask(cover=cover, fov=90.0), views)
    prefixed = lengths(PanoramaTask(cover=cover, fov=90.0, prompt_prefix="old "), views)
    assert prefixed == [length + len("old ") for length in plain]


@pytest.mark.parametrize("cover", ["ring", "checkerboard"])
def test_level_views_are_given_the_prompt_alone(cover: Any) -> None:
    task = PanoramaTask(cover=cover, fov=36.0)
    assert lengths(task, ((0.0, 0.0), (0.0, 18.0))) == [len("a desert")] * 2


def test_a_panoramas_file_opens_as_a_sphere() -> None:
    task, image = PanoramaTask(), torch.rand(3, 8, 16)
    file = Picture.open(BytesIO(to_png(image, task.metadata(8, 16))))
    root = ElementTree.fromstring(file.info["XML:com.adobe.xmp"])
    (described,) = root.iter("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description")
    space = "{http://ns.google.com/photos/1.0/panorama/}"
    assert described.get(f"{space}ProjectionType") == "equirectangular"
    assert described.get(f"{space}FullPanoWidthPixels") == "16"
    assert described.get(f"{space}CroppedAreaImageHeightPixels") == "8"


def test_other_files_hold_no_metadata() -> None:
    png = to_png(torch.rand(3, 8, 16), WideTask().metadata(8, 16))
    assert not Picture.open(BytesIO(png)).info


# --------------------------------------------------------------------------------------- inpainting


def test_unknown_pixels_take_the_colour_around_them() -> None:
    picture = torch.full((3, 32, 32), 0.4)
    seen = torch.ones(1, 32, 32, dtype=torch.bool)
    seen[..., 8:] = False
    close(spread(picture * seen, seen), picture, 1e-5)


# ----------------------------------------------------------------------------------------- pictures


def test_a_picture_is_read_at_the_size_that_is_asked_for(tmp_path: Path) -> None:
    Picture.new("RGB", (12, 6), (255, 0, 51)).save(tmp_path / "a.png")
    picture = read_opaque(str(tmp_path / "a.png"), "task.start", 8, 16)
    close(picture[:, 3, 7], torch.tensor([1.0, 0.0, 0.2]), 1e-6)
    assert picture.shape == (3, 8, 16)


@pytest.mark.parametrize("content", [None, b"", b"not a picture"])
def test_what_is_no_picture_is_named(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(UserError, match=r"task\.start=.*a\.png: .*expected a PNG or JPEG"):
        read_opaque(str(tmp_path / "a.png"), "task.start", 8, 16)


# --------------------------------------------------------------------------------- view sets and 8K


def test_the_checkerboard_is_stochsyncs() -> None:
    sets = checkerboard(36)
    assert [len(views) for views in sets] == [15] * 4
    assert sets[0][:4] == ((0, 0), (36, 18), (36, -18), (72, 0))
    assert sets[3][0] == (54, 0) and sets[1][1] == (54, 18)


@pytest.mark.parametrize("step", range(4))
def test_views_of_a_checkerboard_overlap_only_at_their_borders(step: int) -> None:
    space = Panorama(channels=1, height=64, width=128, view_size=16, fov=36.0, cover="checkerboard")
    views = space.disjoint_views(step, streams())
    _, weight = space.scatter(torch.ones(len(views), 1, 16, 16), views)
    assert (weight > 1).float().sum() < 0.05 * (weight > 0).float().sum()
    assert space.disjoint_views(step + 4, streams()) == views


def test_four_steps_of_a_checkerboard_leave_no_gap_in_the_band() -> None:
    space = Panorama(channels=1, height=64, width=128, view_size=16, fov=36.0, cover="checkerboard")
    views = space.all_views()
    _, weight = space.scatter(torch.ones(len(views), 1, 16, 16), views)
    assert (weight[0, 22:42] > 0).all()


def test_views_of_ones_own_must_close_the_horizon() -> None:
    assert unseen(ring(72)[0], 72) is None and unseen(((0.0, 0.0), (90.0, 0.0)), 72) == 37
    with pytest.raises(UserError, match=r"task\.views: no view sees azimuth 37"):
        PanoramaTask(views=(((0.0, 0.0), (90.0, 0.0)),))
    sets: Any = ring(60)
    PanoramaTask(views=sets, fov=72)


@pytest.mark.parametrize("changes", [{"crops": 3}, {"crops": 8, "ring": True}])
def test_crops_must_cover_a_wide_canvas(changes: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=r"task\.crops="):
        WideTask(**changes)


def test_crops_lie_evenly_from_end_to_end() -> None:
    space: Any = WideTask(columns=4, crops=15).canvas(Gaussian(shape=(4, 64, 64)), "latent")
    offsets = [view[0] for view in space.all_views()]
    assert offsets == [0, 13, 27, 41, 54, 68, 82, 96, 109, 123, 137, 150, 164, 178, 192]


def test_there_are_as_many_crops_as_asked_for() -> None:
    """On a small canvas some lie at the same place, as in StochSync's code."""
    task = WideTask(columns=2, crops=15)
    space = Wide(channels=1, height=8, width=16, view_size=8, stride=task.pitch(8, 16))
    assert [view[0] for view in space.all_views()] == [0, 0, 1, 1, 2, 2, 3, 4, 4, 5, 5, 6, 6, 7, 8]


def test_an_8k_panorama_begins_with_the_finished_one(tmp_path: Path) -> None:
    Picture.new("RGB", (64, 32), (51, 102, 153)).save(tmp_path / "reef.png")
    task, sample = Panorama8KTask(start=str(tmp_path)), Sample("reef", "a reef", 0)
    prior = Gaussian(shape=(3, 8, 8))
    space = task.space(prior, streams(), sample)
    assert space.initial is not None and space.initial.shape == (3, 64, 128)
    close(space.initial[:, 5, 5], torch.tensor([0.2, 0.4, 0.6]), 1e-6)
    with pytest.raises(UserError, match=r"no picture of city there; make it first"):
        task.space(prior, streams(), Sample("city", "a city", 0))


def test_stochsync_goes_on_from_what_the_task_begins_with() -> None:
    space = Panorama(channels=2, height=32, width=64, view_size=8)
    space.initial = torch.full(space.shape, 0.3, dtype=torch.float64)
    method = StochSync(steps=2, t_max=1, t_min=1, ode_steps=3, seam_steps=0)
    z = last(method, prior_of(space, mean=5.0), space)
    close(z, space.initial, 0.3)  # hardly any noise, so hardly anything is changed
