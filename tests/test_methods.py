"""Relations between the methods, proved on priors whose score is known in closed form."""

import dataclasses
from typing import Any

import pytest
import torch
from conftest import (
    PRIORS,
    SPACES,
    Changed,
    close,
    image,
    last,
    panorama,
    prior_of,
    random_state,
    streams,
    wide,
)
from omegaconf import OmegaConf
from torch import Tensor

from synclab.config.schema import locate
from synclab.core.protocols import Everywhere, Views
from synclab.core.schedule import Schedule
from synclab.core.solvers import consistency_x0, nodes
from synclab.core.sync import gather
from synclab.errors import UserError
from synclab.methods.alm import ALM
from synclab.methods.ddim import DDIM
from synclab.methods.diffcollage import DiffCollage
from synclab.methods.distillation import Distillation
from synclab.methods.doubletake import DoubleTake
from synclab.methods.ism import ISM
from synclab.methods.multidiffusion import MultiDiffusion, gaussian
from synclab.methods.outpainting import Outpainting
from synclab.methods.sdi import SDI
from synclab.methods.sdi_released import ReleasedSDI
from synclab.methods.sds import SDS
from synclab.methods.spotdiffusion import SpotDiffusion
from synclab.methods.stochsync import StochSync
from synclab.methods.stochsync_ablation import AblatedStochSync
from synclab.methods.stochsync_released import ReleasedStochSync
from synclab.methods.streammultidiffusion import StreamMultiDiffusion
from synclab.methods.syncdiffusion import SyncDiffusion
from synclab.methods.syncmvd import SyncMVD
from synclab.methods.syncsde import SyncSDE, composites
from synclab.methods.synctweedies import SyncTweedies
from synclab.methods.visual_anagrams import VisualAnagrams
from synclab.places import CONF
from synclab.priors.exact import Gaussian, Mixture, StationaryField
from synclab.spaces.image import Image
from synclab.spaces.wide import Wide

METHODS = {
    "ddim": DDIM(steps=4),
    "multidiffusion": MultiDiffusion(steps=4),
    "synctweedies": SyncTweedies(steps=4),
    "stochsync": StochSync(steps=4, ode_steps=6, solver="ddim"),
    "stochsync dpm": StochSync(steps=4, ode_steps=6, solver="dpm"),
    "stochsync turbo": StochSync(steps=4, ode_steps=2, solver="consistency"),
    "released": ReleasedStochSync(steps=4, ode_steps=6, solver="ddim", warmup=1),
    "ablated": AblatedStochSync(steps=4, stochasticity="time", multi_step=False, disjoint=False),
    "sds": SDS(steps=4, views=3, warmup=2),
    "sdi": SDI(steps=4, views=3, warmup=2, knots=3),
    "released sdi": ReleasedSDI(steps=4, views=3, warmup=2, knots=3),
    "ism": ISM(steps=4, views=3, warmup=2),
    "syncdiffusion": SyncDiffusion(steps=4),
    "syncsde": SyncSDE(steps=4),
    "visual anagrams": VisualAnagrams(steps=4),
    "syncmvd": SyncMVD(steps=4),
    "spotdiffusion": SpotDiffusion(steps=4),
    "streammultidiffusion": StreamMultiDiffusion(steps=4),
    "outpainting": Outpainting(steps=4, view_steps=3),
    "diffcollage": DiffCollage(steps=4),
    "alm": ALM(steps=4),
    "doubletake": DoubleTake(steps=5, second_take=0.4),
}
"""An instance of each method, small; one that is not listed is found by its configuration."""


def method_classes() -> set[type]:
    """The class of every method that a configuration or a preset names."""
    files = [*(CONF / "method").glob("*.yaml"), *(CONF / "preset" / "task").rglob("*.yaml")]
    bodies: list[Any] = [OmegaConf.load(path) for path in files]
    targets = [body.get("method", body).get("_target_") for body in bodies]
    return {locate(target, "method") for target in targets if target}


LISTED = {type(method) for method in METHODS.values()}
METHODS |= {
    kind.__name__: kind(steps=4)
    for kind in method_classes() - LISTED
    if not kind().needs_source  # test_edit.py
}
SCHEDULE = Schedule.scaled_linear()

each_method = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
each_space = pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
each_prior = pytest.mark.parametrize("make_prior", PRIORS.values(), ids=PRIORS)


# ------------------------------------------------------------------------ every method, every space


def skip_unsuited(method, space) -> None:
    """Averages of noisy states do not pass through an encoder; tasks refuse such pairs."""
    if getattr(method, "canonical", None) == "latent" and space.factor > 1:
        pytest.skip("noisy states in an encoded space")
    if method.needs_overlaps and not isinstance(space, Image | Wide):
        pytest.skip("overlaps of its views are no views")


RUNS: dict[tuple[int, int], tuple[list[Tensor | None], int]] = {}


def run_once(method, space) -> tuple[list[Tensor | None], int]:
    """All estimates of a method, and its network evaluations; the tests below share them."""
    key = id(method), id(space)
    if key not in RUNS:
        prior = prior_of(space)
        estimates = list(method(prior, space, Everywhere(), streams()))
        RUNS[key] = estimates, prior.nfe
    return RUNS[key]


@each_method
@each_space
def test_result_is_finite_and_has_the_spaces_shape(method, space):
    skip_unsuited(method, space)
    z = run_once(method, space)[0][-1]
    assert z is not None and z.shape == space.shape and z.isfinite().all()


@each_method
@each_space
def test_a_method_yields_once_a_step(method, space):
    skip_unsuited(method, space)
    assert len(run_once(method, space)[0]) == method.steps


@each_method
def test_yielded_estimates_are_not_overwritten_later(method):
    space, copies, estimates = wide(), [], []
    for z in method(prior_of(space), space, Everywhere(), streams()):
        if z is not None:
            estimates.append(z)
            copies.append(z.clone())
    assert all(torch.equal(z, copy) for z, copy in zip(estimates, copies, strict=True))


@each_method
def test_equal_keys_give_equal_bits_and_other_keys_others(method):
    space = wide() if method.needs_overlaps else panorama()
    first, again, other = (last(method, prior_of(space), space, streams(k)) for k in (0, 0, 1))
    assert torch.equal(first, again) and not torch.allclose(first, other)


@each_method
def test_the_result_does_not_depend_on_the_global_generator(method):
    space, results = wide(), []
    for seed in range(2):
        torch.manual_seed(seed)
        results.append(last(method, prior_of(space), space))
    assert torch.equal(*results)


def expected_calls(method, space) -> int:
    """Network evaluations by the formula of each paper."""
    if isinstance(method, AblatedStochSync) and not method.multi_step:
        return method.steps * len(space.all_views())
    if isinstance(method, StochSync):
        times = [999] + [method.time(k) for k in range(1, method.steps)]
        calls = [len(nodes(SCHEDULE, t, method.ode_steps)) for t in times]
        if method.solver == "consistency":
            calls = [method.ode_steps] * method.steps
        return sum(len(space.disjoint_views(k, streams())) * n for k, n in enumerate(calls))
    if isinstance(method, Distillation):
        return method.steps * len(space.random_views(method.views, streams()))
    if isinstance(method, Outpainting):
        return method.view_steps * len(space.all_views())
    if isinstance(method, SpotDiffusion):
        rng = streams()
        return sum(len(space.shifted_views(rng)) for _ in range(method.steps))
    if isinstance(method, DiffCollage):
        shared = sum(len(views) for _, views in space.overlaps())
        return method.steps * (len(space.all_views()) + shared)
    if isinstance(method, DoubleTake):
        second = int(method.second_take * method.steps)
        around = len(space.around_overlaps()[1])
        return (method.steps - second) * len(space.all_views()) + second * around
    if isinstance(method, ALM):
        views = space.all_views()
        x = streams().normal("x", (len(views), *prior_of(space).shape))
        behind = composites(space, x, views)[1].flatten(1).any(1)
        return method.steps * (2 * len(views) + int(behind.sum()))
    if isinstance(method, SyncDiffusion):
        return 2 * method.steps * len(space.all_views())
    return method.steps * len(space.all_views())


@each_method
@each_space
def test_network_evaluations_are_those_of_the_formula(method, space):
    skip_unsuited(method, space)
    if type(method) not in LISTED:
        pytest.skip(f"add {type(method).__name__} to METHODS and to expected_calls")
    nfe, inverts = run_once(method, space)[1], isinstance(method, SDI | ISM)
    expected = expected_calls(method, space)
    assert nfe > expected if inverts else nfe == expected  # inversions depend on the times drawn


@pytest.mark.parametrize("kind", sorted(method_classes(), key=str))
def test_a_method_is_a_frozen_dataclass_with_steps(kind):
    with pytest.raises(dataclasses.FrozenInstanceError):
        kind().steps = 3
    assert kind(steps=5).steps == 5


# -------------------------------------------------------------------------------- one identity view


@each_prior
@pytest.mark.parametrize("method", [ALM, DiffCollage, MultiDiffusion, SpotDiffusion, SyncTweedies])
def test_on_one_identity_view_it_is_ddim(method, make_prior):
    prior = prior_of(image(), make_prior)
    close(last(method(steps=10), prior, image()), last(DDIM(steps=10), prior, image()), 1e-10)


def test_on_one_view_streammultidiffusion_is_consistency_sampling():
    prior = prior_of(image(), Mixture)
    x = streams().normal("start", (1, *prior.shape))
    alone = consistency_x0(prior, x, 999, Everywhere(), 1.0, 4, streams())
    close(last(StreamMultiDiffusion(steps=4), prior, image()), alone[0], 1e-12)


def test_streammultidiffusion_averages_before_it_adds_noise():
    """The state of a step has the whole noise of its time, also where views overlap."""
    space = wide(width=256, stride=1, height=8)
    prior = prior_of(space, Gaussian, mean=0.0, std=1e-4)
    first, *_ = StreamMultiDiffusion(steps=4)(prior, space, Everywhere(), streams())
    (_, s), *_ = SCHEDULE.steps(4)
    assert first is not None
    assert float(first.std()) == pytest.approx(SCHEDULE.sigma(s), rel=0.05)


def test_spotdiffusion_denoises_each_cell_once_a_step():
    """A linear score sees no borders: it is MultiDiffusion, for a quarter of its calls here."""
    space = wide(ring=True, stride=2)
    prior, other = (prior_of(space, Gaussian, mean=0.0) for _ in range(2))
    spot, multi = (method(steps=4) for method in (SpotDiffusion, MultiDiffusion))
    close(last(spot, prior, space), last(multi, other, space), 1e-9)
    assert 4 * prior.nfe == other.nfe


@pytest.mark.parametrize("window", ["uniform", "gaussian"])
def test_weights_do_not_matter_where_views_agree(window):
    """A linear score: all views say the same of a cell, however much each of them counts."""
    prior, space = prior_of(wide(), Gaussian, mean=0.0), wide(ring=True)
    plain = last(MultiDiffusion(steps=4), prior, space)
    close(last(MultiDiffusion(steps=4, window=window), prior, space), plain, 1e-9)


def test_a_gaussian_window_lets_the_nearer_view_speak():
    views = torch.stack([torch.zeros(2, 8, 8), torch.ones(2, 8, 8)]).double()
    space = wide(width=12)
    mean = gather(space, views, ((0.0, 0.0), (4.0, 0.0)), window=gaussian(views, 8, 8))
    across = mean[0, 0, 4:8]  # where both see
    assert (across.diff() > 0).all() and across[0] < 0.5 < across[-1]
    close(mean[:, :, :4], torch.zeros(2, 8, 4).double(), 0)


@pytest.mark.parametrize(
    "method",
    [MultiDiffusion(steps=3), MultiDiffusion(steps=3, window="gaussian"), SyncDiffusion(steps=3)],
    ids=["uniform window", "gaussian window", "syncdiffusion"],
)
def test_noisy_canvases_keep_what_no_view_sees_as_it_began(method):
    space = panorama()
    z = last(method, prior_of(space), space)
    start = streams().normal("start", space.shape)
    for pole in (0, -1):
        close(z[:, pole], start[:, pole], 0)


class StartForNoise(Changed):
    """StochSync's first noise is the others' start."""

    def __init__(self) -> None:
        super().__init__(lambda purpose, noise: noise)

    def normal(self, purpose: str, shape: tuple[int, ...]) -> Tensor:
        return super().normal("start", shape)


@each_prior
def test_one_round_of_stochsync_is_ddim(make_prior):
    """27 steps of 37 and the grid of 28 points are the same times."""
    prior = prior_of(image(), make_prior)
    start = StochSync(steps=1, ode_steps=28, solver="ddim", seam_steps=0)
    once = last(start, prior, image(), StartForNoise())
    close(once, last(DDIM(steps=27), prior, image()), 1e-10)


# ----------------------------------------------------------- a Gaussian commutes with any selection


@pytest.mark.parametrize("method", [DDIM, DiffCollage, MultiDiffusion, SyncTweedies])
def test_a_linear_score_makes_every_method_ddim_on_the_canvas(method):
    ring = wide(ring=True)
    canvas = image(width=32)
    on_canvas = last(DDIM(steps=10), Gaussian(shape=canvas.shape), canvas)

    start = streams().normal("start", ring.shape)
    projected = ring.project(start, ring.all_views())
    shared = Changed(lambda _, noise: start if noise.ndim == 3 else projected)
    close(last(method(steps=10), prior_of(ring), ring, shared), on_canvas, 1e-10)


# ------------------------------------------------------------------------------------- equivariance


@pytest.mark.parametrize("prior_name", ["mixture", "field"])
@pytest.mark.parametrize(
    "method",
    [
        DDIM(steps=6),
        MultiDiffusion(steps=6),
        SyncTweedies(steps=6),
        StochSync(steps=4, ode_steps=8, seam_steps=1),
    ],
    ids=lambda method: type(method).__name__,
)
def test_rolling_the_noise_of_a_ring_rolls_the_result(method, prior_name):
    ring = wide(ring=True)

    def rolled(purpose: str, noise: Tensor) -> Tensor:
        """By a quarter: 8 of 32 columns, or a quarter of the views."""
        return noise.roll(8, -1) if noise.ndim == 3 else noise.roll(len(noise) // 4, 0)

    prior = prior_of(ring, PRIORS[prior_name])
    straight, turned = last(method, prior, ring), last(method, prior, ring, Changed(rolled))
    close(turned, straight.roll(8, -1), 1e-9)
    assert not torch.allclose(turned, straight, atol=1e-2)


@pytest.mark.parametrize(
    "method", [DDIM(steps=4), SyncTweedies(steps=4), StochSync(steps=3, ode_steps=5)]
)
def test_rolling_the_noise_of_a_panorama_turns_it(method):
    """Four views of 90 degrees, so that a quarter of the views is a quarter turn."""
    space = panorama(fov=90.0)

    def rolled(purpose: str, noise: Tensor) -> Tensor:
        sets = noise.split(4)  # the two disjoint rings
        return torch.cat([ring.roll(1, 0) for ring in sets])

    prior = prior_of(space, Mixture)
    straight, turned = last(method, prior, space), last(method, prior, space, Changed(rolled))
    close(turned, straight.roll(16, -1), 1e-5)


# ---------------------------------------------------------------------------------- synchronisation


class Recording(type(wide())):
    """Remembers what the views said last, before it was averaged."""

    def scatter(self, y: Tensor, views: Views) -> tuple[Tensor, Tensor]:
        self.said = y
        return super().scatter(y, views)


def disagreement(method) -> float:
    """Mean square distance of the last views from their average."""
    space = Recording(channels=1, height=8, width=24, view_size=8, stride=4, ring=True)
    z = last(method, prior_of(space, StationaryField), space)
    return (space.said - space.project(z, space.all_views())).square().mean().item()


def test_synctweedies_views_agree_where_ddims_do_not():
    assert disagreement(SyncTweedies(steps=20)) < 0.1 * disagreement(DDIM(steps=20))


# ------------------------------------------------------------------------------------ distributions


def test_sds_reaches_the_mode():
    ring = wide(ring=True)
    method = SDS(steps=400, views=8, lr=0.05, warmup=10)
    z = last(method, prior_of(ring, mean=0.7), ring)
    assert (z - 0.7).abs().max() < 0.15
    assert (random_state(ring) - 0.7).abs().max() > 1


def test_sds_descends_the_gradient_of_every_view():
    """With t fixed, no noise and Gaussian data the residual is linear and vanishes at the mean."""
    ring = wide(ring=True)
    quiet = Changed(lambda purpose, noise: noise if purpose == "start" else 0 * noise)
    z = last(
        SDS(steps=300, views=8, lr=0.1, warmup=1, t_min=300, t_max=300), prior_of(ring), ring, quiet
    )
    close(z, torch.full_like(z, 0.5), 0.05)


def test_sds_follows_the_weighted_residual(monkeypatch):
    """Eq. 3 of DreamFusion at one time on one identity view."""
    seen, space, t = [], image(), 300

    def record(adam: torch.optim.Adam) -> None:
        seen.append(adam.param_groups[0]["params"][0].grad.clone())

    monkeypatch.setattr(torch.optim.Adam, "step", record)
    prior, rng = prior_of(space, Mixture), streams()
    last(SDS(steps=1, views=1, t_min=t, t_max=t), prior, space)
    z, eps = rng.normal("start", space.shape), rng.normal("noise", (1, *space.shape))
    predicted = prior.predict(SCHEDULE.noise(z, eps, t), t, Everywhere(), 1.0)
    close(seen[0], (1 - SCHEDULE.a(t)) * (predicted - eps)[0], 1e-12)


def test_sds_rate_warms_up_and_ends_at_a_quarter():
    method = SDS(steps=3000, lr=0.4, warmup=100)
    rates = [method.rate(k) for k in range(method.steps)]
    assert rates[0] == pytest.approx(0.4 / 100)
    assert max(rates) == pytest.approx(0.4, rel=0.01) and rates.index(max(rates)) in (98, 99)
    assert rates[-1] == pytest.approx(0.1, rel=0.01)


def test_without_decay_the_rate_stays():
    method = SDS(steps=300, lr=0.4, lr_decay="none", warmup=0)
    assert {method.rate(k) for k in range(300)} == {0.4}


def test_distillation_begins_with_what_the_task_begins_with():
    """With next to no rate it stays there."""
    start = random_state(image(), seed=5)
    z = last(SDS(steps=1, lr=1e-9, views=1), prior_of(image()), image(initial=start))
    close(z, start, 1e-8)


# Discretisation narrows the spread: by 8 % (ddim) and 5 % (dpm) with 50 points, 1 to 2 % with 400.
SMALL_STEPS = pytest.mark.parametrize(("solver", "ode_steps"), [("ddim", 400), ("dpm", 400)])


@SMALL_STEPS
@pytest.mark.parametrize("steps", [2, 10])
def test_stochsync_keeps_mean_and_spread_of_a_gaussian(steps, solver, ode_steps):
    space = image(channels=4, height=64, width=64, view_size=64)
    method = StochSync(steps=steps, ode_steps=ode_steps, solver=solver)
    z = last(method, prior_of(space, mean=0.7, std=0.5), space)
    assert z.mean().item() == pytest.approx(0.7, abs=0.03)
    assert z.std().item() == pytest.approx(0.5, abs=0.03)


@SMALL_STEPS
def test_stochsync_keeps_mean_and_spread_where_it_holds_borders(solver, ode_steps):
    space = wide(channels=8, height=16, width=64, view_size=16, ring=True)
    method = StochSync(steps=6, ode_steps=ode_steps, seam_steps=5, solver=solver)
    z = last(method, prior_of(space, mean=0.7, std=0.5), space)
    assert z.mean().item() == pytest.approx(0.7, abs=0.03)
    assert z.std().item() == pytest.approx(0.5, abs=0.03)


# ------------------------------------------------------------------------------- parts of StochSync


def test_without_its_components_stochsync_is_synctweedies():
    """Row 1 of Table 2, on the same times 999, 749, 500, 250 and from the same noise."""
    space = wide()
    bare = AblatedStochSync(4, 999, 250, stochasticity="none", multi_step=False, disjoint=False)
    drawn = streams().normal("start", (len(space.all_views()), 2, 8, 8))
    same = Changed(lambda purpose, noise: drawn if noise.ndim == 4 else noise)
    ours = last(bare, prior_of(space, Mixture), space, same)
    close(ours, last(SyncTweedies(steps=4), prior_of(space, Mixture), space, same), 1e-9)


@pytest.mark.parametrize("solver", ["ddim", "dpm"])
def test_with_all_its_components_it_is_stochsync(solver):
    space = panorama()
    whole = last(StochSync(4, ode_steps=6, solver=solver), prior_of(space), space)
    close(last(AblatedStochSync(4, ode_steps=6, solver=solver), prior_of(space), space), whole, 0)


def test_noise_that_is_kept_in_part_is_still_noise():
    kept, fresh = (streams(k).normal("noise", (100_000,)) for k in range(2))
    mixed = AblatedStochSync(stochasticity="time", disjoint=False).mix(kept, fresh, 300)
    assert mixed.var() == pytest.approx(1, abs=0.02)
    assert (mixed * fresh).mean() == pytest.approx(0.3**0.5, abs=0.02)


def test_views_that_change_cannot_keep_their_noise():
    with pytest.raises(UserError, match="method.stochasticity=none: disjoint views change"):
        AblatedStochSync(stochasticity="none")


def test_stochsync_leaves_what_a_round_does_not_see():
    """At odd rounds the outer half tiles of a wide image, which is no ring."""
    rounds = list(
        StochSync(steps=4, ode_steps=5, seam_steps=0)(
            prior_of(wide()), wide(), Everywhere(), streams()
        )
    )
    even, odd = rounds[2], rounds[3]
    assert even is not None and odd is not None
    unseen = torch.tensor([*range(4), *range(28, 32)])
    assert torch.equal(even[..., unseen], odd[..., unseen])
    assert (even[..., 4:28] != odd[..., 4:28]).all()


def test_stochsync_times_fall_linearly_between_its_bounds():
    method = StochSync(steps=10, t_max=900, t_min=270)
    times = [method.time(k) for k in range(10)]
    assert times == list(range(900, 269, -70))


def test_stochsync_uses_another_set_of_views_at_every_other_round():
    asked = []

    class Asked(Recording):
        def scatter(self, y: Tensor, views: Views) -> tuple[Tensor, Tensor]:
            asked.append(views)
            return super().scatter(y, views)

    space = Asked(channels=2, height=8, width=32, view_size=8, stride=4, ring=True)
    last(StochSync(steps=4, ode_steps=3), prior_of(space), space)
    assert asked == [space.disjoint_views(k, streams()) for k in range(4)]
    assert asked[0] != asked[1]


@pytest.mark.parametrize("seam_steps", [0, 1, 3])
def test_stochsync_blends_in_the_last_rounds_only(seam_steps):
    asked = []

    def note(purpose: str, noise: Tensor) -> Tensor:
        asked.append(purpose)
        return noise

    last(
        StochSync(steps=5, ode_steps=3, seam_steps=seam_steps),
        prior_of(wide()),
        wide(),
        Changed(note),
    )
    assert asked.count("seam") == seam_steps
    assert asked[: 5 - seam_steps] == ["noise"] * (5 - seam_steps)


def last_blend(x0: Tensor, inwardness: Tensor):
    """What holds the borders in the last round of a run."""
    method = StochSync(steps=5, seam_steps=1)
    blend = method.blend(4, SCHEDULE, x0, inwardness, streams())
    assert blend is not None
    return blend


def test_the_free_region_grows_from_the_centre():
    inwardness = torch.tensor([0, 0.31, 0.61, 0.91, 0.91, 0.61, 0.31, 0]).expand(8, 8)
    old, new = torch.zeros(1, 1, 8, 8).double(), torch.full((1, 1, 8, 8), 9.0).double()
    blend = last_blend(old, inwardness)
    free = [(blend(new, -1, i, 10) == 9).sum().item() / 64 for i in (0, 1, 4, 7, 9)]
    assert free == [0, 2 / 8, 4 / 8, 6 / 8, 6 / 8]


def test_held_borders_are_the_old_values_at_the_same_noise_level():
    x0 = streams().normal("x0", (1, 1, 8, 8))
    held = last_blend(x0, torch.zeros(8, 8))(torch.zeros_like(x0), 300, 0, 10)
    close(held, SCHEDULE.noise(x0, streams().normal("seam", (1, 1, 8, 8)), 300), 0)


# ----------------------------------------------------------------------------------- random streams


def test_a_purpose_does_not_depend_on_what_was_drawn_before():
    plain, mixed = streams(), streams()
    mixed.uniform("views", 0, 1, 3)
    mixed.integer("t", 0, 9)
    assert torch.equal(plain.normal("start", (4,)), mixed.normal("start", (4,)))


def test_purposes_differ_and_draws_of_one_purpose_follow_each_other():
    rng = streams()
    a, b, c = rng.normal("one", (4,)), rng.normal("one", (4,)), rng.normal("two", (4,))
    assert not torch.equal(a, b) and not torch.equal(a, c)


def test_integers_reach_both_ends_of_their_range():
    rng = streams()
    assert {rng.integer("t", 2, 4) for _ in range(50)} == {2, 3, 4}


# ---------------------------------------------------------------------- SyncSDE and SyncDiffusion


def test_syncsde_without_its_pull_is_independent_views():
    space = wide()
    free = last(SyncSDE(steps=6, inverse_lambda=0), Mixture(shape=prior_of(space).shape), space)
    x = rerun_ddim(space, steps=6)
    close(free, composites(space, x, space.all_views())[2], 1e-12)


def rerun_ddim(space, steps: int) -> Tensor:
    """The views' final states of independent DDIM, from the same noise as the methods'."""
    prior, views = Mixture(shape=prior_of(space).shape), space.all_views()
    x = streams().normal("start", (len(views), *prior.shape))
    for t, s in SCHEDULE.steps(steps):
        x = SCHEDULE.ddim(x, SCHEDULE.x0(x, prior.predict(x, t, Everywhere(), 1.0), t), t, s)
    return x


def test_syncsde_never_moves_its_first_view():
    space = wide()
    prior = Mixture(shape=prior_of(space).shape)
    x = rerun_ddim(space, steps=6)
    z = last(SyncSDE(steps=6), prior, space)
    first_alone = slice(0, space.stride)  # later views are on top everywhere else
    close(z[..., first_alone], x[0][..., first_alone], 1e-12)


# Fifty steps of Stable Diffusion's scheduler in SyncSDE's released code, and their strengths.
FIFTY = {981: 0.618, 961: 0.587, 941: 0.558, 881: 0.476, 781: 0.364, 481: 0.164, 101: 0.069}
FIFTY |= {41: 0.063, 21: 0.077, 1: 0.0015}


@pytest.mark.parametrize(("t", "strength"), FIFTY.items())
def test_syncsde_pulls_as_strongly_as_its_released_code(t, strength):
    """1/lambda is 5 at 981, the first time of the run, not at the last of the schedule."""
    steps = dict(SCHEDULE.steps(50, spacing="leading"))
    pulled = SyncSDE(inverse_lambda=5).strength(SCHEDULE, t, steps[t], first=981)
    assert pulled == pytest.approx(strength, abs=6e-4)


@pytest.mark.parametrize(("spacing", "first"), [("leading", 981), ("even", 999)])
def test_syncsde_counts_from_the_first_time_of_its_run(spacing, first, monkeypatch):
    """Whatever the spacing, 1/lambda falls from `inverse_lambda` on."""
    asked, strength = [], SyncSDE.strength

    def record(method: SyncSDE, schedule: Schedule, t: int, s: int, first: int) -> float:
        asked.append((t, first))
        return strength(method, schedule, t, s, first)

    monkeypatch.setattr(SyncSDE, "strength", record)
    last(SyncSDE(steps=50, spacing=spacing), prior_of(wide()), wide())
    assert asked[0] == (first, first) and {start for _, start in asked} == {first}


def test_what_earlier_views_say_is_the_later_one_of_them():
    space = wide()
    views = space.all_views()
    x = torch.stack(
        [torch.full(prior_of(space).shape, float(i)) for i in range(len(views))]
    ).double()
    target, mask, _ = composites(space, x, views)
    assert not mask[0].any()
    assert (target[2][mask[2].expand_as(target[2])] == 1).all()


def test_syncdiffusion_without_its_weight_is_multidiffusion():
    space = wide()
    prior = Mixture(shape=prior_of(space).shape)
    close(
        last(SyncDiffusion(steps=5, weight=0), prior, space),
        last(MultiDiffusion(steps=5), prior, space),
        1e-12,
    )


def test_syncdiffusion_leaves_its_anchor_and_brings_the_others_nearer():
    space = wide()
    prior, method = Gaussian(shape=prior_of(space).shape), SyncDiffusion()
    x = streams().normal("x", (5, *prior.shape))
    gradient = method.disagreement(prior, x, 500, Everywhere())
    assert not gradient[2].any() and gradient[[0, 1, 3, 4]].abs().amax((1, 2, 3)).min() > 0
    before, after = ((y - y[2:3]).square().sum() for y in (x, x - gradient))
    assert after < before


# ------------------------------------------------------------------------------- SDI, ISM, anagrams


def test_a_view_whose_noise_sdi_finds_exactly_does_not_move():
    """The mode of a Gaussian, inverted along its exact score, is predicted back onto itself."""
    prior = Gaussian(shape=(1, 4, 4), mean=0.7, std=0.5)
    method = SDI(extra=0, jitter=0, knots=400)
    x0 = torch.full((1, 1, 4, 4), 0.7, dtype=torch.float64)
    assert method.residual(prior, x0, 400, Everywhere(), streams()).abs().max() < 2e-2


class Blind(Gaussian):
    """A network that ignores text and time."""

    def predict(self, x, t, cond, guidance):
        return torch.full_like(x, 0.3)


def test_ism_asks_nothing_of_a_network_that_ignores_text_and_time():
    x0 = streams().normal("x", (2, 1, 4, 4))
    residual = ISM().residual(Blind(shape=(1, 4, 4)), x0, 500, Everywhere(), streams())
    assert residual.abs().max() < 1e-12


@pytest.mark.parametrize("method", [SDI(steps=300, lr=0.1), ISM(steps=300, lr=0.1)], ids=str)
def test_distillation_comes_nearer_to_the_data(method):
    space = image()
    prior = Gaussian(shape=prior_of(space).shape, mean=2.0, std=0.3)
    start = streams().normal("start", space.shape)
    z = last(method, prior, space)
    assert (z - 2.0).abs().mean() < (start - 2.0).abs().mean()


def test_visual_anagrams_are_code_four_of_synctweedies():
    space = wide()
    prior = Mixture(shape=prior_of(space).shape)
    anagram = VisualAnagrams(steps=5, guidance=7.5)
    rng: Any = Renamed({"canonical start": "start"})
    code = SyncTweedies(steps=5, strategy=4)
    close(last(anagram, prior, space), last(code, prior, space, rng), 1e-12)


class Renamed:
    """Streams that answer one purpose with the noise of another."""

    def __init__(self, names: dict[str, str]) -> None:
        self.names, self.streams = names, streams()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.streams, name)

    def normal(self, purpose: str, shape: tuple[int, ...]) -> Tensor:
        return self.streams.normal(self.names.get(purpose, purpose), shape)
