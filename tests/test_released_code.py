"""Literal facts of released code: StochSync's times, calls, views and pixels; anagrams' views."""

import pytest
import torch
from conftest import close, last, panorama, streams, wide
from torch import Tensor

from synclab.core import geometry
from synclab.core.protocols import Cond, Everywhere
from synclab.core.schedule import Schedule
from synclab.core.solvers import ddim_x0
from synclab.methods.stochsync_released import ReleasedStochSync
from synclab.priors.exact import Gaussian
from synclab.spaces.canvas import horizontal_profile
from synclab.spaces.codec import ReleasedCodec
from synclab.spaces.transforms import inner_circle, patch_permute, skew
from synclab.spaces.view_sets import checkerboard, ring

SCHEDULE = Schedule.scaled_linear()
PANORAMA = ReleasedStochSync(
    steps=25, t_max=900, t_min=270, ode_steps=25, solver="dpm", seam_steps=2, warmup=2
)
"""config/stochsync_panorama.yaml."""


class Asked(Gaussian):
    """Remembers the times at which it was asked."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        super().__init__(shape)
        self.times: list[int] = []

    def predict(self, x: Tensor, t: int, cond: Cond, guidance: float) -> Tensor:
        self.times.append(t)
        return super().predict(x, t, cond, guidance)


def rounds(times: list[int]) -> list[tuple[int, int]]:
    """First time and number of calls of every round; time falls within one."""
    starts = [i for i, t in enumerate(times) if i == 0 or t >= times[i - 1]]
    return [(times[a], b - a) for a, b in zip(starts, [*starts[1:], len(times)], strict=True)]


ROUNDS = """999/24 999/24 849/21 824/20 799/20 774/19 748/18 723/18 698/17 673/17 648/16 622/15
    597/15 572/14 547/14 522/13 496/12 471/12 446/11 421/11 396/10 370/9 345/9 640/32 590/29"""
UPSCALING = "600/18 572/17 545/16 517/16 490/15 462/14 435/13 407/12 760/38 704/35 650/32 594/30"
"""config/stochsync_panorama_upscale.yaml."""

SPHERE = "999/24 949/23 899/22 849/21 799/20 749/18 699/17 649/16 999/49 999/49 998/49 898/45"
TORUS = SPHERE.replace("949/23", "999/24")
"""config/stochsync_sphere.yaml and stochsync_torus.yaml."""


@pytest.mark.parametrize(
    ("method", "expected", "calls"),
    [
        (PANORAMA, ROUNDS, 420),
        (ReleasedStochSync(12, 600, 270, 30, "dpm", seam_steps=4, warmup=0), UPSCALING, 256),
        (ReleasedStochSync(12, 999, 400, 25, "dpm", seam_steps=4, warmup=1), SPHERE, 353),
        (ReleasedStochSync(12, 999, 400, 25, "dpm", seam_steps=4, warmup=2), TORUS, 354),
    ],
    ids=["panorama", "upscaling", "sphere", "torus"],
)
def test_times_and_calls_of_every_round(method: ReleasedStochSync, expected: str, calls: int):
    """The last rounds go back to twice their time, on a grid of 50 points."""
    prior = Asked((2, 8, 8))
    start = torch.zeros(2, 8, 32).double()
    last(method, prior, wide(initial=None if method.warmup else start))
    assert rounds(prior.times) == [
        tuple(int(number) for number in each.split("/")) for each in expected.split()
    ]
    assert len(prior.times) == calls


def test_the_outermost_columns_are_never_freed():
    """The threshold falls from 1 to 2 / 33 where the network is called 32 times."""
    assert PANORAMA.held(0, 32) == 1
    assert PANORAMA.held(31, 32) == pytest.approx(2 / 33)


def test_noise_of_time_0_stays_in_the_estimate():
    x, prior = streams().normal("x", (1, 1, 4, 4)), Gaussian((1, 4, 4))
    asked = (prior, x, 500, Everywhere(), 1.0)
    for method in (ReleasedStochSync(solver="ddim", ode_steps=30), PANORAMA):
        points = 30 if method.solver == "ddim" else 50
        close(method.solve(24, streams())(*asked), ddim_x0(*asked, n=points, end=0), 0)


def test_time_999_drops_the_signal():
    x0, eps = streams().normal("x0", (3,)), streams().normal("eps", (3,))
    close(PANORAMA.renoise(SCHEDULE, x0, eps, 999), eps, 0)
    close(PANORAMA.renoise(SCHEDULE, x0, eps, 998), SCHEDULE.noise(x0, eps, 998), 0)


def test_a_latent_column_is_as_inward_as_its_outermost_pixel():
    """Of 512 pixels: 8 j / 255, mirrored."""
    left = torch.arange(32) * 8 / 255
    close(horizontal_profile(512, 8), torch.cat([left, left.flip(0)]), 1e-7)


def test_two_rings_of_five_views():
    first, second = ([view[0] for view in views] for views in ring(72.0))
    assert first == [0, 72, 144, 216, 288]
    assert second == [36, 108, 180, 252, 324]
    assert {view[1] for views in ring(72.0) for view in views} == {0}


def test_four_checkerboards_of_fifteen_views():
    sets = checkerboard(36.0)
    assert [views[0] for views in sets] == [(0, 0), (18, 0), (36, 0), (54, 0)]
    assert sets[0][:6] == ((0, 0), (36, 18), (36, -18), (72, 0), (108, 18), (108, -18))
    assert [len(views) for views in sets] == [15] * 4


VIEW = (64, 72.0, torch.tensor([30.0]).double(), torch.tensor([20.0]).double())
"""64 pixels, 72 degrees wide, azimuth 30, elevation 20; a panorama of 128 x 256."""


@pytest.mark.parametrize(
    ("u", "v", "x", "y"),
    [
        (0, 0, 116.7525, 31.6604),
        (63, 0, 181.9142, 31.6604),
        (31, 31, 148.8391, 49.3163),
        (10, 50, 132.0848, 65.8052),
    ],
)
def test_where_a_pixel_of_a_view_lies_on_the_panorama(u: int, v: int, x: float, y: float):
    rays = geometry.view_directions(*VIEW)[0, v, u]
    found = torch.stack(geometry.equirect_position(rays, 128, 256, offset=0.0))
    close(found, torch.tensor([x, y]).double(), 1e-4)


@pytest.mark.parametrize(
    ("x", "y", "u", "v"),
    [
        (149, 50, 31.1607, 31.7398),
        (140, 60, 20.9592, 42.6655),
        (170, 40, 51.8781, 17.7014),
    ],
)
def test_where_a_texel_of_the_panorama_lies_in_a_view(x: int, y: int, u: float, v: float):
    ray = geometry.equirect_directions(128, 256, offset=0.0)[y, x]
    column, row, ahead = geometry.view_position(ray, *VIEW)
    close(torch.cat([column, row]), torch.tensor([u, v]).double(), 1e-4)
    assert ahead > 0


def test_the_released_panorama_does_not_wrap():
    """Half a texel before +180 degrees the last column is read, not the first."""
    space = panorama(channels=1, grid="corners", sampling="nearest", view_size=64)
    columns = torch.arange(64.0).double().expand(1, 32, 64)
    rays = geometry.view_directions(64, 72.0, torch.tensor([180.0]), torch.tensor([0.0]))
    longitude, _ = geometry.longitude_latitude(rays)
    expected = ((longitude / torch.pi + 1) * 32).round().clamp(0, 63)
    assert (expected == 63).sum() > (expected == 62).sum()
    close(space.project(columns, ((180.0, 0.0),))[:, 0], expected.double(), 0)


def test_decoded_pixels_are_clipped():
    codec = ReleasedCodec(Gaussian((1, 2, 2)), streams())
    decoded = codec.decode(torch.tensor([-3.0, -1, 0, 1, 3]).view(1, 1, 1, 5))
    close(decoded.flatten(), torch.tensor([0.01, 0.01, 0.5, 0.99, 0.99]), 0)


def test_the_last_two_rounds_mend_seams():
    assert [PANORAMA.seams(k) for k in range(25)] == 23 * [False] + 2 * [True]


def test_one_step_estimates_have_no_seam_steps():
    """Neither the doubled time nor the blend."""
    method = ReleasedStochSync(steps=25, multi_step=False, seam_steps=2)
    assert not any(method.seams(k) for k in range(25))
    assert [method.time(k) for k in (23, 24)] == [320, 295]


# Visual Anagrams' views of 64 cells

CELLS = torch.arange(64 * 64).view(64, 64)


@pytest.mark.parametrize(("size", "radius"), [(64, 24), (256, 96)])
def test_an_inner_circle_has_three_eighths_of_the_width(size: int, radius: int):
    cells = torch.arange(size * size).view(size, size)
    turned = inner_circle(cells) != cells
    assert turned[size // 2].nonzero().flatten().tolist() == [
        *range(size // 2 - radius, size // 2 + radius)
    ]


@pytest.mark.parametrize(("column", "down"), [(0, -48), (32, 0), (33, 1), (63, 46)])
def test_a_skew_rolls_columns_by_one_and_a_half_of_their_offset(column: int, down: int):
    assert torch.equal(skew(CELLS)[:, column], CELLS[:, column].roll(down))


def test_patches_are_eight_by_eight_and_stay_whole():
    patches = patch_permute(CELLS).unfold(0, 8, 8).unfold(1, 8, 8).flatten(0, 1)
    assert patches.shape == (64, 8, 8)
    assert ((patches - patches[:, :1, :1]) == CELLS[:8, :8]).all()
