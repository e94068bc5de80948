"""Zooms: what the levels show of one another, noise that stays noise, and the task's files."""

import io
from typing import Any, cast

import numpy as np
import pytest
import torch
from conftest import close, last, prior_of, random_state, streams
from PIL import Image as Picture
from torch import Tensor

from synclab.core import sync
from synclab.core.pictures import to_bytes, to_unit
from synclab.core.protocols import Everywhere, Sample, Views
from synclab.errors import UserError
from synclab.jobs.counting import CountingPrior
from synclab.methods.ddim import DDIM
from synclab.methods.outpainting import Outpainting
from synclab.methods.stochsync import StochSync
from synclab.methods.synctweedies import SyncTweedies
from synclab.priors.branches import Branches
from synclab.priors.exact import Gaussian
from synclab.spaces.pyramid import grow, pyramid, rebuild, shrink
from synclab.spaces.zoom import Zoom, cut_centre, pick, reach, side_by_side
from synclab.tasks.image import ImageTask
from synclab.tasks.zoom import ZoomTask
from synclab.tasks.zoom_video import frame, zoom_video


def zoom(levels: int = 3, size: int = 8, **changes: Any) -> Zoom:
    sizes: dict[str, Any] = {"height": size, "width": levels * size, "view_size": size}
    return Zoom(**{**sizes, "channels": 2, **changes})


ZOOMS = {
    "area": zoom(),
    "nearest": zoom(sampling="nearest"),
    "four times": zoom(size=16, magnification=4),
    "nearest four times": zoom(size=16, magnification=4, sampling="nearest"),
}
each = pytest.mark.parametrize("space", ZOOMS.values(), ids=ZOOMS)


def in_order(space: Zoom) -> Views:
    """All levels from the widest, as they lie on the canvas."""
    return tuple((float(level),) for level in range(space.levels))


def random_views_of(space: Zoom, seed: int = 1) -> Tensor:
    shape = (space.levels, space.channels, space.view_size, space.view_size)
    return streams(seed).normal("y", shape)


# ------------------------------------------------------------------------------ rendering of images


@each
def test_project_is_linear_and_scatter_its_adjoint(space: Zoom) -> None:
    a, b, views = random_state(space, 1), random_state(space, 2), in_order(space)
    seen = space.project(2 * a - 3 * b, views)
    close(seen, 2 * space.project(a, views) - 3 * space.project(b, views), 1e-12)
    y = random_views_of(space)
    close((seen * y).sum(), ((2 * a - 3 * b) * space.scatter(y, views)[0]).sum(), 1e-9)


@each
def test_a_view_does_not_depend_on_the_others(space: Zoom) -> None:
    z, views = random_state(space), ((2.0,), (0.0,), (2.0,))
    alone = torch.cat([space.project(z, (view,)) for view in views])
    close(space.project(z, views), alone, 0)


@each
def test_every_view_has_the_next_in_its_centre_and_its_own_cells_around_it(space: Zoom) -> None:
    z, p = random_state(space), space.magnification
    smaller = shrink if space.sampling == "area" else pick
    seen = space.project(z, in_order(space))
    for own, wide, close_up in zip(z.chunk(3, -1)[:-1], seen, seen[1:], strict=False):
        close(cut_centre(wide, p), smaller(close_up, p), 0)
        around = torch.ones(8 if p == 2 else 16, dtype=torch.bool).repeat(len(wide[0]), 1)
        cut_centre(around, p)[:] = False
        close(wide[:, around], own[:, around], 0)


def test_the_closest_level_is_seen_at_every_level() -> None:
    space = zoom(levels=4, size=32)
    z = torch.zeros(space.shape, dtype=torch.float64)
    z[..., -32:] = 1
    shares = space.project(z, in_order(space)).mean((1, 2, 3))
    close(shares, torch.tensor([1 / 64, 1 / 16, 1 / 4, 1], dtype=torch.float64), 1e-12)


# ------------------------------------------------------------------------------- rendering of noise


def noise_matrix(space: Zoom) -> Tensor:
    """Pixels of each view as weights of the cells of one channel: (levels, h w, H W)."""
    one = zoom(space.levels, space.view_size, channels=1, magnification=space.magnification)
    one.sampling = space.sampling
    cells = torch.eye(one.height * one.width, dtype=torch.float64)
    seen = [one.project_noise(cell.view(one.shape), in_order(one)).flatten(1) for cell in cells]
    return torch.stack(seen, -1)


@each
def test_noise_of_every_view_has_unit_variance_and_no_correlation(space: Zoom) -> None:
    """The covariance of a view's pixels, exactly: W W^T for weights W of independent cells."""
    for weights in noise_matrix(space):
        close(weights @ weights.T, torch.eye(len(weights), dtype=torch.float64), 1e-12)


def test_the_projection_of_images_takes_variance_from_noise() -> None:
    space = zoom(size=64)
    noise = random_state(space)
    assert cut_centre(space.project(noise, ((0.0,),))[0], 2).var() < 0.3
    assert 0.9 < cut_centre(space.project_noise(noise, ((0.0,),))[0], 2).var() < 1.1


def test_views_see_the_same_noise_where_they_overlap() -> None:
    space = zoom()
    wide, close_up = space.project_noise(random_state(space), ((0.0,), (1.0,)))
    close(cut_centre(wide, 2), 2 * shrink(close_up, 2), 1e-12)


def test_noise_may_have_the_resolution_of_the_network() -> None:
    space = zoom(size=16, channels=3)
    noise = streams().normal("noise", (4, 8, 24))
    assert space.project_noise(noise, in_order(space)).shape == (3, 4, 8, 8)


@pytest.mark.parametrize("sampling", ["area", "nearest"])
def test_synctweedies_starts_every_level_from_unit_noise(sampling: Any) -> None:
    space = zoom(levels=4, size=64, sampling=sampling)
    method = SyncTweedies(start="shared")
    x, _ = method.noise(prior_of(space), space, streams())
    close(x.var((1, 2, 3)), torch.ones(4, dtype=x.dtype), 0.06)


# ------------------------------------------------------------------------ multi-resolution blending


def test_a_pyramid_is_the_image() -> None:
    x = random_state(zoom(levels=1, size=16))
    for p, bands in ((2, 3), (4, 2), (2, 0)):
        close(rebuild(pyramid(x, p, bands), p), x, 1e-12)


@pytest.mark.parametrize("space", [ZOOMS["area"], ZOOMS["four times"]], ids=["two", "four"])
def test_gathering_views_that_agree_gives_these_views(space: Zoom) -> None:
    seen = sync.project(space, random_state(space), in_order(space))
    close(sync.gather(space, seen, in_order(space)), side_by_side(seen), 1e-12)


@pytest.mark.parametrize("space", [ZOOMS["area"], ZOOMS["four times"]], ids=["two", "four"])
def test_all_levels_of_a_gathered_stack_agree(space: Zoom) -> None:
    z = sync.gather(space, random_views_of(space), in_order(space))
    levels = z.chunk(space.levels, -1)
    for wide, close_up in zip(levels, levels[1:], strict=False):
        close(cut_centre(wide, space.magnification), shrink(close_up, space.magnification), 1e-12)
    close(side_by_side(space.project(z, in_order(space))), z, 1e-12)


@each
def test_sync_is_a_projector(space: Zoom) -> None:
    views = in_order(space)
    once = sync.sync(space, random_views_of(space), views)
    again = sync.sync(space, once, views)
    close(again, once, 1e-12)


@each
def test_gather_leaves_the_old_state_as_it_was(space: Zoom) -> None:
    old, view = random_state(space), random_views_of(space)[1:2]
    before = old.clone()
    assert (sync.gather(space, view, ((1.0,),), old) != before).any()
    close(old, before, 0)


@each
def test_a_constant_survives(space: Zoom) -> None:
    z, views = torch.full(space.shape, 0.3, dtype=torch.float64), in_order(space)
    seen = space.project(z, views)
    back = sync.gather(space, seen, views, old=z)
    close(space.project(back, views), seen, 1e-12)


def test_views_are_averaged_only_at_frequencies_that_both_resolve() -> None:
    """Level 1 shows a fine checkerboard on white, level 0 black: the board remains, on grey."""
    space = zoom(levels=2)
    board = torch.ones(2, 8, 8, dtype=torch.float64)
    board[:, ::2, ::2] = board[:, 1::2, 1::2] = -1
    views = torch.stack([torch.zeros_like(board), 1 + board])
    z = space.average(views, in_order(space), None)
    close(z[..., 8:], 0.5 + board, 1e-12)


def test_with_nearest_sampling_cells_have_the_mean_of_the_pixels_that_show_them() -> None:
    space = zoom(levels=2, sampling="nearest")
    views = torch.stack([torch.zeros(2, 8, 8), torch.ones(2, 8, 8)])
    z = space.average(views, in_order(space), None)[..., 8:]
    close(pick(z, 2), torch.full((2, 4, 4), 0.5), 1e-7)
    close(z.mean(), torch.tensor(0.875), 1e-7)


def test_a_level_follows_a_wider_view_and_keeps_its_own_detail() -> None:
    space = zoom(levels=2)
    old, view = random_state(space), random_views_of(space)[:1]
    z = space.average(view, ((0.0,),), old)
    fine, coarse = pyramid(old[..., 8:], 2, 1)
    close(z[..., 8:], fine + grow(cut_centre(view[0], 2), 2), 1e-12)
    assert (coarse - cut_centre(view[0], 2)).abs().max() > 0.1


def test_the_first_view_of_all_fills_the_closer_levels() -> None:
    space = zoom(levels=2)
    view = random_views_of(space)[:1]
    z = space.average(view, ((0.0,),), None)
    close(z[..., 8:], grow(cut_centre(view[0], 2), 2), 1e-12)


def test_wider_levels_keep_what_lies_around_a_view() -> None:
    space = zoom(levels=2)
    old, view = random_state(space), random_views_of(space)[1:]
    z = space.average(view, ((1.0,),), old)
    close(z[..., 8:], view[0], 1e-12)
    close(z[:, :2, :8], old[:, :2, :8], 0)
    close(cut_centre(z[..., :8], 2), shrink(view[0], 2), 1e-12)


@pytest.mark.parametrize(("size", "p", "depth"), [(128, 2, 6), (16, 2, 3), (16, 4, 1), (7, 2, 0)])
def test_a_view_reaches_as_many_levels_as_it_has_centred_pixels(size, p, depth) -> None:
    assert reach(size, p) == depth


# ------------------------------------------------------------------------------------ sets of views


def test_levels_take_turns_because_they_overlap() -> None:
    space = zoom()
    turns = [space.disjoint_views(step, streams()) for step in range(4)]
    assert turns == [((0.0,),), ((1.0,),), ((2.0,),), ((0.0,),)]


def test_methods_that_take_views_in_turn_paint_outwards_from_the_closest_level() -> None:
    space = zoom(sampling="area", channels=3)
    assert space.all_views() == in_order(space)[::-1]
    method = Outpainting(steps=3, view_steps=2)
    first, second, third = method(prior_of(space), space, Everywhere(), streams())
    assert first is not None and second is not None and third is not None
    close(third[..., 16:], first[..., 16:], 1e-9)
    close(third[..., 8:16], second[..., 8:16], 1e-9)
    assert (second[..., 8:16] - first[..., 8:16]).abs().max() > 0.1


def test_random_views_are_levels() -> None:
    assert set(zoom().random_views(50, streams())) == set(in_order(zoom()))


def test_only_levels_with_something_around_them_have_borders() -> None:
    widest, closer = zoom().inwardness(((0.0,), (2.0,)))
    assert (widest == 1).all()
    assert (closer[0, 0] == 0).all() and (closer[0, :, 0] == 0).all()
    assert (closer[0, 1:-1, 1:-1] > 0).all()
    close(closer, closer.mT, 0)


# ----------------------------------------------------------------------------------------- the task


@pytest.mark.parametrize("method", [DDIM(steps=3), SyncTweedies(steps=3), StochSync(steps=2)])
def test_one_level_is_the_plain_image(method: Any) -> None:
    prior = Gaussian(shape=(3, 8, 8))
    tasks = [ZoomTask(levels=1, canonical="latent"), ImageTask()]
    spaces = [task.space(prior, streams(), Sample("a", "", 0)) for task in tasks]
    ours, plain = (last(method, prior, space) for space in spaces)
    close(ours, plain, 1e-12)


@pytest.mark.parametrize("canonical", ["rgb", "latent"])
def test_the_picture_shows_levels_that_agree(canonical: Any) -> None:
    task, prior = ZoomTask(levels=3, canonical=canonical), CountingPrior(channels=4)
    z = torch.rand(task.canvas(prior, canonical).shape)
    image = task.image(prior, z)
    assert image.shape == (3, 16, 48)
    wide, middle, _ = image.chunk(3, -1)
    close(cut_centre(wide, 2), shrink(middle, 2), 1e-6)


def test_nearest_sampling_is_for_the_canonical_state_alone() -> None:
    task, prior = ZoomTask(canonical="latent", sampling="nearest"), CountingPrior(channels=4)
    latents, pixels = (cast(Zoom, task.canvas(prior, kind)) for kind in ("latent", "rgb"))
    assert (latents.sampling, pixels.sampling) == ("nearest", "area")


class Words(CountingPrior):
    """A prior that only knows the lengths of the texts that it embeds."""

    def embed(self, prompt: str) -> Branches:
        value = torch.full((1, 1, 1), float(len(prompt)))
        return Branches((value,), (value,))


@pytest.mark.parametrize(
    ("prompt", "lengths"), [("one | three | sevenly", [3, 5, 7]), ("four", [4, 4, 4])]
)
def test_every_level_has_its_own_text_or_all_share_one(prompt: str, lengths: list[int]) -> None:
    task = ZoomTask(levels=3)
    condition = task.condition(Words(channels=4), Sample("a", prompt, 0))
    at: Any = condition.at(((0.0,), (1.0,), (2.0,)))
    assert at.positive[0].flatten().tolist() == lengths


def test_another_number_of_texts_is_refused() -> None:
    with pytest.raises(UserError, match="2 texts for 5 levels; expected one per level"):
        ZoomTask().check_prompt("near | far")


def test_a_view_without_a_centre_of_whole_pixels_is_refused() -> None:
    with pytest.raises(UserError, match="a view of 7 cells has no centre of 3.5 cells"):
        ZoomTask().canvas(Gaussian(shape=(3, 7, 7)), "rgb")


# ---------------------------------------------------------------------------------------- the video


def test_the_video_shows_every_level_and_the_frames_between() -> None:
    levels = [torch.full((3, 64, 64), grey) for grey in (0.0, 0.5, 1.0)]
    video: Any = Picture.open(io.BytesIO(zoom_video(levels, 2, 4)))
    assert video.n_frames == 9 and video.size == (64, 64)
    corners = []
    for count in range(9):
        video.seek(count)
        corners.append(video.convert("RGB").getpixel((0, 0))[0])
    assert corners == [0, 0, 0, 0, 128, 128, 128, 128, 255]


def test_frames_follow_the_magnification() -> None:
    """A ramp across the widest level is less steep by the square root of 2 after half a level."""
    ramp = torch.linspace(0, 1, 64).expand(3, 64, 64)
    closer = torch.nn.functional.interpolate(ramp[None, ..., 16:48], size=(64, 64), mode="bilinear")
    pictures = [Picture.fromarray(to_bytes(level)) for level in (ramp, closer[0])]
    row = to_unit(np.array(frame(pictures, 2, 0.5)))[0, 32].double()
    slope = (row[-2] - row[1]) / 61
    assert float(slope) == pytest.approx(1 / 63 / 2**0.5, rel=0.02)
    assert (row.diff() >= 0).all()


def test_there_is_no_video_without_frames_or_without_a_second_level() -> None:
    prior, image = CountingPrior(channels=4), torch.zeros(3, 16, 32)
    for task, endings in ((ZoomTask(levels=2), {"gif"}), (ZoomTask(levels=2, frames=0), set())):
        assert task.artefacts(prior, image, image).keys() == endings
    assert not ZoomTask(levels=1).artefacts(prior, image[..., :16], image[..., :16])
