"""Known regions: what is given stays as it is, and the rest is drawn to fit."""

from pathlib import Path
from typing import Any

import command_line
import numpy as np
import pytest
import torch
from conftest import close, image, last, panorama, prior_of, random_state, streams, wide
from PIL import Image as Picture
from test_methods import LISTED, METHODS
from torch import Tensor

from synclab.core.known import Known
from synclab.core.protocols import Sample
from synclab.errors import UserError
from synclab.jobs.counting import CountingPrior
from synclab.methods.ddim import DDIM
from synclab.methods.multidiffusion import MultiDiffusion
from synclab.methods.stochsync import StochSync
from synclab.methods.syncsde import SyncSDE
from synclab.methods.synctweedies import SyncTweedies
from synclab.priors.exact import Gaussian, StationaryField
from synclab.spaces.equirect import EquirectMaps
from synclab.spaces.photo import any_sees, paint, pixels_across, square_fov
from synclab.spaces.surface import Sphere
from synclab.tasks.inpainting import InpaintingTask
from synclab.tasks.known import KnownTask, soft_edge
from synclab.tasks.mesh import MeshTask
from synclab.tasks.panorama import PanoramaTask
from synclab.tasks.surface import SphereTask
from synclab.tasks.wide import WideTask

MAKERS = {"image": image, "wide": wide, "panorama": panorama}

each_method = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
each_space = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


def skip_unless_kept(method: Any, make: Any = wide) -> None:
    """Tasks refuse a new method that does not keep what is known; those listed all do."""
    if not method.keeps_known:
        assert type(method) not in LISTED
        pytest.skip("add pin to its estimates, and keeps_known")
    if method.needs_overlaps and make is panorama:
        pytest.skip("overlaps of its views are no views")


def region(space: Any, weight: Tensor | float) -> Known:
    """A random picture, known with this weight."""
    return Known(random_state(space, 7), weight * torch.ones(1, *space.shape[1:]))


def left_half(space: Any) -> Tensor:
    weight = torch.zeros(1, *space.shape[1:])
    weight[..., : space.width // 2] = 1
    return weight


# ------------------------------------------------------------------------------------------ methods


@each_method
@each_space
def test_a_known_region_of_everything_returns_the_picture(method: Any, make: Any) -> None:
    skip_unless_kept(method, make)
    space = make()
    space.known = region(space, 1)
    assert torch.equal(last(method, prior_of(space), space), space.known.state)


@each_method
@each_space
def test_a_known_region_of_nothing_is_the_plain_method(method: Any, make: Any) -> None:
    skip_unless_kept(method, make)
    plain, space = make(), make()
    space.known = region(space, 0)
    assert torch.equal(last(method, prior_of(space), space), last(method, prior_of(plain), plain))


@each_method
def test_what_is_known_stays_and_the_rest_is_drawn(method: Any) -> None:
    skip_unless_kept(method)
    space = wide()
    space.known = region(space, left_half(space))
    z = last(method, prior_of(space), space)
    assert torch.equal(z[..., :16], space.known.state[..., :16])
    assert not torch.isclose(z[..., 16:], space.known.state[..., 16:]).any()


def smooth_field(space: Any, seed: int) -> Tensor:
    """A sample of `StationaryField` on the whole canvas."""
    field = StationaryField(shape=space.shape, length=4.0)
    noise = random_state(space, seed).flatten(1)
    return (field.variances.sqrt() * noise @ field.basis.T).view(space.shape)


@pytest.mark.parametrize(
    "method",
    [SyncTweedies(), StochSync(steps=8, ode_steps=10), SyncSDE(), MultiDiffusion()],
    ids=lambda method: type(method).__name__,
)
def test_what_is_drawn_continues_what_is_known(method: Any) -> None:
    """In a smooth field, neighbours across the border differ less than by independent views."""

    def step(method: Any, seed: int) -> Tensor:
        space = wide()
        space.known = Known(smooth_field(space, seed), left_half(space))
        z = last(method, prior_of(space, StationaryField, length=4.0), space, streams(seed))
        return (z[..., 16] - z[..., 15]).square().mean()

    def mean(method: Any) -> Tensor:
        return torch.stack([step(method, seed) for seed in range(3)]).mean()

    assert mean(method) < 0.5 * mean(DDIM())


def test_a_soft_edge_mixes_what_is_known_and_what_is_drawn() -> None:
    space = image()
    space.known = region(space, 0.25)
    free = last(DDIM(), prior_of(space), image())
    close(last(DDIM(), prior_of(space), space), 0.25 * space.known.state + 0.75 * free, 1e-12)


def test_a_noised_region_is_clean_at_the_end() -> None:
    space = image()
    known, prior = region(space, 1), prior_of(space)
    assert torch.equal(known.noised(prior.schedule, random_state(space), -1).state, known.state)


# ------------------------------------------------------------------------------------------- photos


def smooth(size: int) -> Tensor:
    """Red grows to the right, green downwards."""
    down, right = torch.meshgrid(*[torch.linspace(0, 1, size)] * 2, indexing="ij")
    return torch.stack([right, down, 0.5 * down])


@pytest.mark.parametrize("view", [(0.0, 0.0), (170.0, 20.0), (-90.0, -70.0)])
def test_a_photo_is_seen_again_from_where_it_was_taken(view: Any) -> None:
    photo = smooth(64)
    canvas, seen = paint(photo, view, 70.0, 128, 256)
    maps = EquirectMaps(128, 256, 64, 70.0, "bilinear", "centres", 0.0, "cpu")
    again = maps.to_views((view,))(canvas)[0]
    close(again[:, 2:-2, 2:-2], photo[:, 2:-2, 2:-2], 0.02)
    assert (canvas * ~seen == 0).all() and 0 < seen.float().mean() < 0.2


def test_a_photo_in_the_middle_is_not_mirrored_nor_upside_down() -> None:
    canvas, _ = paint(smooth(64), (0.0, 0.0), 70.0, 128, 256)
    assert canvas[0, 64, 110] < canvas[0, 64, 146]
    assert canvas[1, 50, 128] < canvas[1, 78, 128]


@pytest.mark.parametrize(
    ("space", "view"),
    [
        (panorama(channels=3, height=128, width=256, view_size=32), (30.0, 40.0)),
        (
            Sphere(channels=3, height=128, width=256, view_size=32),
            (30.0, 40.0, 1.0, 0.0, 0.0, 0.0),
        ),
    ],
    ids=["panorama", "sphere"],
)
def test_spaces_see_a_photo_in_its_place(space: Any, view: Any) -> None:
    """Red grows to the right, green downwards, and both are a half in the middle."""
    canvas, _ = paint(smooth(64).double(), (30.0, 40.0), 100.0, 128, 256)
    seen = space.project(canvas, (view,))[0, :2]
    middle = seen[:, 15:17, 15:17].mean((1, 2))
    close(middle, torch.full((2,), 0.5, dtype=middle.dtype), 0.01)
    assert seen[0, 16, 20] > seen[0, 16, 12] + 0.05
    assert seen[1, 20, 16] > seen[1, 12, 16] + 0.05


def test_sizes_of_photos() -> None:
    assert pixels_across(90, 400) == 128  # 2 * 400 / (2 pi)
    assert square_fov(60, 4, 3) == pytest.approx(60)
    assert square_fov(90, 1, 2) == pytest.approx(2 * np.degrees(np.arctan(2)))


def test_views_that_miss_a_photo() -> None:
    ring = tuple((72.0 * i, 0.0) for i in range(5))
    assert any_sees(ring, 72.0, (10.0, 30.0), 40.0)
    assert not any_sees(ring, 72.0, (10.0, 80.0), 40.0)


def test_the_edge_of_a_mask_is_soft_inside_of_it() -> None:
    known = torch.zeros(1, 8, 16, dtype=torch.bool)
    known[..., :8] = True
    assert soft_edge(known, 0, "open")[0, 0].tolist() == [1.0] * 8 + [0.0] * 8
    assert soft_edge(known, 3, "open")[0, 4].tolist() == [1] * 4 + [1, 0.75, 0.5, 0.25] + [0] * 8
    closed = soft_edge(known, 3, "closed")[0, 4, :8]
    assert closed.tolist() == [0.25, 0.5, 0.75, 1, 1, 0.75, 0.5, 0.25]
    assert (soft_edge(torch.ones(1, 8, 16, dtype=torch.bool), 3, "open") == 1).all()


# -------------------------------------------------------------------------------------------- tasks


@pytest.fixture
def save(tmp_path):
    """Saves colours (H, W, c) in [0, 1] under a name, and returns the path."""

    def call(name: str, pixels: Any) -> str:
        levels = (np.asarray(pixels) * 255).round().astype(np.uint8)
        Picture.fromarray(levels).save(tmp_path / name)
        return str(tmp_path / name)

    return call


def opaque_left(size: int) -> np.ndarray:
    """Grey (size, 2 size, 4), transparent in its right half."""
    pixels = np.full((size, 2 * size, 4), 0.6)
    pixels[..., 3] = np.arange(2 * size) < size
    return pixels


def given(task: KnownTask, size: int = 16) -> Known:
    known = task.given(Gaussian(shape=(3, size, size)))
    assert known is not None
    return known


def test_a_picture_of_the_canvas_is_known_where_it_is_opaque(save: Any) -> None:
    pixels = opaque_left(16)
    pixels[0, 0, :3] = 0
    known = given(WideTask(known=save("a.png", pixels), columns=2, known_rim=0))
    assert (known.weight[..., :16] == 1).all() and (known.weight[..., 16:] == 0).all()
    assert (known.state[:, 0, 0] == 0).all()  # black is a colour


def test_white_of_a_mask_is_unknown(save: Any) -> None:
    mask = np.zeros((16, 32))
    mask[:, 16:] = 1
    picture, path = save("a.png", np.full((16, 32, 3), 0.6)), save("m.png", mask)
    known = given(WideTask(known=picture, known_mask=path, columns=2, known_rim=0))
    assert (known.weight[..., :16] == 1).all() and (known.weight[..., 16:] == 0).all()


@pytest.mark.parametrize("kind", [PanoramaTask, SphereTask])
def test_a_photo_lies_where_it_was_taken(kind: Any, save: Any) -> None:
    photo = np.full((24, 32, 3), (1.0, 0.4, 0.0))
    task = kind(known=save("a.png", photo), known_view=(90.0, 0.0, 60.0), known_rim=0)
    known = given(task)
    assert known.weight.shape == (1, 64, 128)
    row, column = (known.weight[0] == 1).nonzero().T
    assert 0.75 * 128 in (column.min(), *column.tolist())
    degrees = ((column + 0.5) / 128 * 360 - 180 - 90).abs().max()
    assert 25 < degrees <= 31
    high = ((0.5 - (row + 0.5) / 64) * 180).abs().max()
    assert 19 < high < 25  # 3/4 of 60 degrees, on the image plane
    close(known.state[:, 32, 96], torch.tensor([1.0, 0.4, 0.0]), 0.01)


@pytest.mark.parametrize("method", [SyncTweedies(steps=2), MultiDiffusion(steps=2)])
def test_a_latent_canvas_ends_with_the_given_pixels(method: Any, save: Any) -> None:
    prior, rng, sample = CountingPrior(channels=4), streams(), Sample("a", "a sea", 0)
    size = prior.image_size
    task = WideTask(known=save("a.png", opaque_left(size)), columns=2)
    space = task.space(prior, rng, sample)
    assert space.known is not None and space.known.weight.shape[1:] == space.shape[1:]
    *_, z = method(prior, space, task.condition(prior, sample), rng)
    kept = size - int(0.03 * size) - 1
    grey = torch.full((3, size, kept), 153 / 255)
    close(task.image(prior, z)[..., :kept].float(), grey, 1e-6)


def test_a_given_part_of_a_texture_is_kept_and_the_rest_is_drawn_to_fit(save: Any) -> None:
    prior, rng, sample = Gaussian(shape=(3, 16, 16)), streams(), Sample("a", "a sea", 0)
    half = opaque_left(32)[:, 16:48]
    task = MeshTask(texture=32, known=save("a.png", half), known_rim=0)
    space, method = task.space(prior, rng, sample), SyncTweedies(steps=2)
    z = last(method, prior, space)
    texture = task.image(prior, z)
    close(texture[..., :16].float(), torch.full((3, 32, 16), 153 / 255), 1e-6)
    assert (texture[..., 16:] - 153 / 255).abs().amax() > 0.05


def test_a_texture_of_latents_keeps_no_pixels(save: Any) -> None:
    task = MeshTask(texture=32, known=save("a.png", opaque_left(32)[:, 16:48]), canonical="latent")
    with pytest.raises(UserError, match=r"method=multidiffusion keeps a texture of latents"):
        task.check(MultiDiffusion(), "multidiffusion")


def test_a_latent_panorama_knows_nothing_where_no_view_sees_it(save: Any) -> None:
    picture = save("a.png", np.full((16, 32, 3), 0.6))
    task = PanoramaTask(canonical="latent", known=picture)
    known = task.own_canvas(Gaussian(shape=(3, 16, 16)), streams()).known
    assert known is not None
    assert (known.weight[:, 0] == 0).all() and (known.weight[:, 32] == 1).all()


# ---------------------------------------------------------------------------------------- bad input


def test_a_method_that_does_not_keep_what_is_known_is_refused(save: Any) -> None:
    averages = SyncTweedies(strategy=3)
    with pytest.raises(UserError, match="method=synctweedies: does not keep known pixels"):
        InpaintingTask(canonical="latent").check(averages, "synctweedies")
    with pytest.raises(UserError, match="method=synctweedies: does not keep known pixels"):
        WideTask(known=save("a.png", np.ones((16, 64, 3)))).check(averages, "synctweedies")
    WideTask().check(averages, "synctweedies")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"known": "nowhere.png"}, r"task\.known=nowhere\.png: no such file"),
        ({"known_mask": "m.png"}, r"task\.known_mask=m\.png: there is no picture"),
        ({"known_view": (0.0, 0.0, 60.0)}, r"task\.known_view=\[0\.0, 0\.0, 60\.0\]: there is no"),
    ],
)
def test_half_of_a_known_region_is_refused(changes: Any, said: str) -> None:
    with pytest.raises(UserError, match=said):
        PanoramaTask(**changes)


def test_a_photo_that_no_view_sees_is_refused(save: Any) -> None:
    photo = save("a.png", np.ones((16, 16, 3)))
    said = r"known_view=\[0\.0, 80\.0, 40\.0\]: no view of task.cover=ring sees it"
    with pytest.raises(UserError, match=said):
        PanoramaTask(known=photo, known_view=(0.0, 80.0, 40.0))
    PanoramaTask(known=photo, known_view=(0.0, 80.0, 40.0), cover="sphere", fov=90.0)


def test_a_photo_higher_than_a_view_can_be_is_refused(save: Any) -> None:
    task = PanoramaTask(known=save("a.png", np.ones((320, 16, 3))), known_view=(0.0, 0.0, 90.0))
    with pytest.raises(UserError, match="16 x 320 pixels is 174 degrees high; expected at most"):
        given(task)


def test_files_that_do_not_fit_are_named(save: Any) -> None:
    picture, mask = save("a.png", np.ones((16, 32, 3))), save("m.png", np.zeros((8, 8)))
    with pytest.raises(UserError, match=r"task\.known=.*32 x 16 pixels; expected .* ratio of 64"):
        given(WideTask(known=picture))
    with pytest.raises(UserError, match=r"task\.known_mask=.*8 x 8 pixels; expected .*32 x 16"):
        given(WideTask(known=picture, known_mask=mask, columns=2))
    with pytest.raises(UserError, match=r"task\.known=.*expected a PNG or JPEG"):
        given(WideTask(known=__file__, columns=2))


def test_a_region_of_no_pixel_is_refused(save: Any) -> None:
    picture, mask = save("a.png", np.ones((16, 32, 3))), save("m.png", np.ones((16, 32)))
    with pytest.raises(UserError, match=r"task\.known_mask=.*m\.png: no pixel is known"):
        given(WideTask(known=picture, known_mask=mask, columns=2))
    with pytest.raises(UserError, match=r"task\.known=.*b\.png: no pixel is known"):
        given(WideTask(known=save("b.png", np.zeros((16, 32, 4))), columns=2))


QUICK = (
    "prior=exact", "prior.shape=[3,16,16]", "method=synctweedies", "method.steps=2",
    "task=panorama", "task.rows=2", "num_threads=1", "prompt=a sea",
)  # fmt: skip


def test_another_photo_at_the_same_path_is_refused(save: Any, tmp_path: Path) -> None:
    photo = save("a.png", np.full((16, 16, 3), 0.6))
    command = (*QUICK, f"task.known={photo}", "task.known_view=[0,0,60]", f"results={tmp_path}/r")
    assert command_line.run(*command).code == 0
    save("a.png", np.full((16, 16, 3), 0.7))
    answer = command_line.run(*command)
    assert answer.code == 1
    assert "made by another configuration (inputs.task.known=" in answer.err


@pytest.mark.parametrize(
    ("view", "said"),
    [
        ("[0,0]", "expected [azimuth, elevation, field of view] in degrees"),
        ("[0,99,60]", "elevation from -90 to 90"),
        ("[0,0,180]", "field of view from 1 to 170"),
        ("[a,0,9]", "number"),
    ],
)
def test_a_view_out_of_range_ends_in_one_line(view: str, said: str, save: Any) -> None:
    photo = save("a.png", np.ones((16, 16, 3)))
    answer = command_line.run(*QUICK, f"task.known={photo}", f"task.known_view={view}")
    assert (answer.code, len(answer.err.splitlines())) == (1, 1)
    assert "task.known_view" in answer.err and said in answer.err
