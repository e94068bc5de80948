"""Long motions: segments of a strip, the methods on them, and the task's files."""

import io
import json
from pathlib import Path
from typing import Any, cast

import command_line
import numpy as np
import pytest
import torch
from conftest import PRIORS, Changed, close, last, random_state, streams
from safetensors.torch import save_file
from test_methods import METHODS
from torch import Tensor

from synclab.core.protocols import Everywhere, Sample, Views
from synclab.core.schedule import Schedule
from synclab.core.sync import gather
from synclab.errors import UserError
from synclab.judges.motion_text import MotionText
from synclab.methods.ddim import DDIM
from synclab.methods.diffcollage import DiffCollage
from synclab.methods.doubletake import DoubleTake
from synclab.methods.multidiffusion import MultiDiffusion
from synclab.methods.stochsync import StochSync
from synclab.methods.syncsde import SyncSDE
from synclab.methods.synctweedies import SyncTweedies
from synclab.places import ASSETS
from synclab.priors.branches import as_branches
from synclab.priors.exact import Gaussian
from synclab.priors.motion_network import MotionTransformer, averaged
from synclab.priors.motion_text import BagOfWords
from synclab.priors.tiny_motion import TinyMotion
from synclab.spaces.image import Image
from synclab.spaces.segments import UNTOLD, Segments
from synclab.tasks.motion import MotionTask
from synclab.world.motion import Request, plain, to_features, to_joints
from synclab.world.motion.pictures import film, strip_of_poses


def strip(segments: int = 3, ring: bool = False, **changes: Any) -> Segments:
    """Segments of 12 frames that share 4, of 2 numbers each."""
    width = segments * 8 + (0 if ring else 4)
    sizes: dict[str, Any] = {"channels": 2, "height": 1, "view_size": 12, "stride": 8}
    return Segments(**{**sizes, "width": width, "ring": ring, **changes})


def prior_of(space: Segments, kind: type = Gaussian, **changes: Any) -> Any:
    return kind(shape=(space.channels, 1, space.view_size), **changes)


def frames(views: Views) -> list[int]:
    return [int(view[0]) for view in views]


def texts(views: Views) -> list[int]:
    return [int(view[2]) for view in views]


# ---------------------------------------------------------------------------------------- the space


@pytest.mark.parametrize("ring", [False, True], ids=["open", "ring"])
def test_segments_follow_each_other_each_with_its_text(ring: bool) -> None:
    views = strip(ring=ring).all_views()
    assert frames(views) == [0, 8, 16] and texts(views) == [0, 1, 2]


def test_the_papers_segments_of_120_frames_share_30() -> None:
    task = MotionTask()
    space = cast(Segments, task.canvas(Gaussian(shape=(263, 1, 120)), "latent"))
    assert space.shape == (263, 1, 300) and frames(space.all_views()) == [0, 90, 180]


@pytest.mark.parametrize(
    ("space", "sets"),
    [
        (strip(3), [[0, 16], [8]]),
        (strip(4), [[0, 16], [8, 24]]),
        (strip(1), [[0]]),
        (strip(4, ring=True), [[0, 16], [8, 24]]),
        (strip(3, ring=True), [[0], [8], [16]]),
        (strip(3, stride=12, width=36), [[0, 12, 24]]),
    ],
    ids=["open odd", "open even", "single", "ring even", "ring odd", "no overlap"],
)
def test_disjoint_segments_take_turns(space: Segments, sets: list[list[int]]) -> None:
    turns = [frames(space.disjoint_views(step, streams())) for step in range(2 * len(sets))]
    assert turns == 2 * sets
    for turn in sets:
        covered = [(start + i) % space.width for start in turn for i in range(space.view_size)]
        assert len(set(covered)) == len(covered)


def test_other_views_have_the_text_of_the_segment_that_they_show_most_of() -> None:
    space = strip(4)
    shown = space.random_views(200, streams())
    for view in shown:
        near = min(range(4), key=lambda number: abs(8 * number - view[0]))
        assert abs(8 * view[2] - view[0]) <= abs(8 * near - view[0]) + 1e-9
    ring = strip(3, ring=True)
    assert texts(ring._told(((23.0, 0.0), (19.0, 0.0), (20.0, 0.0)))) == [0, 2, 0]


def test_overlaps_and_the_views_around_them_belong_to_no_segment() -> None:
    space = strip()
    ((part, shared),) = space.overlaps()
    assert frames(shared) == [8, 16] and set(texts(shared)) == {UNTOLD}
    assert part.project(random_state(space), shared).shape == (2, 2, 1, 4)
    width, around = space.around_overlaps()
    assert width == 4 and frames(around) == [4, 12] and set(texts(around)) == {UNTOLD}


@pytest.mark.parametrize("ring", [False, True], ids=["open", "ring"])
def test_handshakes_sum_to_one_everywhere(ring: bool) -> None:
    space = strip(ring=ring)
    views = space.all_views()
    inward = space.inwardness(views).double()
    assert inward.shape == (3, 1, 1, 12)
    total, _ = space.scatter(inward.expand(-1, 2, -1, -1), views)
    close(total, torch.ones(space.shape, dtype=torch.float64), 1e-7)
    rising = inward[1, 0, 0, :4]
    assert (rising.diff() > 0).all() and 0 < rising[0] < rising[-1] < 1


# -------------------------------------------------------------------------------------- the methods

SUITED = {name: own for name, own in METHODS.items() if not own.needs_distance}


@pytest.mark.parametrize("method", SUITED.values(), ids=SUITED)
@pytest.mark.parametrize("ring", [False, True], ids=["open", "ring"])
def test_every_method_makes_a_finite_motion(method: Any, ring: bool) -> None:
    space = strip(4, ring=ring)
    z = last(method, prior_of(space), space)
    assert z.shape == space.shape and z.isfinite().all()


PLAIN = [
    DDIM(steps=4),
    MultiDiffusion(steps=4),
    MultiDiffusion(steps=4, window="gaussian"),
    SyncTweedies(steps=4),
    DiffCollage(steps=4),
    SyncSDE(steps=4),
    StochSync(steps=3, ode_steps=5),
    DoubleTake(steps=4),
]


@pytest.mark.parametrize("method", PLAIN, ids=repr)
@pytest.mark.parametrize("kind", ["mixture", "field"])
def test_one_segment_is_the_plain_prior(method: Any, kind: str) -> None:
    space = strip(1)
    prior = prior_of(space, PRIORS[kind])
    plain = Image(channels=2, height=1, width=12, view_size=12)
    plain.inwardness = lambda views: torch.ones(1, 12)  # its own is for square views
    close(last(method, prior, space), last(method, prior, plain), 1e-9)


@pytest.mark.parametrize(
    "method",
    [
        DDIM(steps=5),
        MultiDiffusion(steps=5),
        SyncTweedies(steps=5),
        DiffCollage(steps=5),
        StochSync(steps=4, ode_steps=5, seam_steps=1),
        DoubleTake(steps=6),
    ],
    ids=lambda method: type(method).__name__,
)
def test_rolling_the_noise_of_a_ring_rolls_the_motion(method: Any) -> None:
    """By two of four segments, so that those that take turns together stay together."""
    ring = strip(4, ring=True)

    def rolled(purpose: str, noise: Tensor) -> Tensor:
        return noise.roll(16, -1) if noise.ndim == 3 else noise.roll(len(noise) // 2, 0)

    prior = prior_of(ring, PRIORS["mixture"])
    straight, turned = last(method, prior, ring), last(method, prior, ring, Changed(rolled))
    close(turned, straight.roll(16, -1), 1e-9)
    assert not torch.allclose(turned, straight, atol=1e-2)


def test_syncsdes_strength_is_limited_where_a_cosine_schedule_exceeds_it() -> None:
    schedule, (t, s) = Schedule.cosine(), (980, 960)
    free, limited = (SyncSDE(max_strength=own).strength(schedule, t, s, 999) for own in (None, 1.0))
    assert free > 2 and limited == 1
    late = [SyncSDE(max_strength=own).strength(schedule, 300, 280, 999) for own in (None, 1.0)]
    assert late[0] == late[1] < 1


def test_a_handshake_goes_over_from_one_segment_to_the_next() -> None:
    """The first take's blend: (1 - a) of the suffix and a of the prefix, a rising from 0 to 1."""
    space = strip(2)
    views = space.all_views()
    x = torch.stack([torch.zeros(2, 1, 12), torch.ones(2, 1, 12)]).double()
    z = gather(space, x, views, window=space.inwardness(views).to(x))
    expected = torch.tensor([0.0] * 8 + [0.125, 0.375, 0.625, 0.875] + [1.0] * 8).double()
    close(z[0, 0], expected, 1e-7)


def test_a_first_take_of_one_step_blends_the_clean_estimates() -> None:
    space, a = strip(2), torch.tensor([0.125, 0.375, 0.625, 0.875]).double()
    prior = prior_of(space)
    x = streams().normal("start", (2, 2, 1, 12))
    first, second = prior.schedule.x0(x, prior.predict(x, 999, Everywhere(), 1.0), 999)
    z = last(DoubleTake(steps=1, second_take=0), prior, space)
    close(z[..., :8], first[..., :8], 1e-9)
    close(z[..., 8:12], (1 - a) * first[..., 8:] + a * second[..., :4], 1e-7)
    close(z[..., 12:], second[..., 4:], 1e-9)


def test_the_second_take_changes_only_what_is_beside_a_handshake() -> None:
    space = strip(2, view_size=40, stride=32, width=72)
    once, twice = (
        last(DoubleTake(steps=20, second_take=share, blend=5), prior_of(space), space)
        for share in (0.0, 0.5)
    )
    method = DoubleTake(steps=20, second_take=0.5, blend=5)
    *_, before = method.handshakes(prior_of(space), space, Everywhere(), streams(), 10)
    changed = (twice - before).abs().amax((0, 1)) > 1e-6
    assert changed.nonzero().flatten().tolist() == [*range(27, 32), *range(40, 45)]
    assert once.shape == twice.shape


def test_the_mask_rises_away_from_the_handshake() -> None:
    mask = DoubleTake(blend=4, kept=0.8).mask(16, 4)
    side = [0.0, 0.2, 0.4, 0.6]
    close(mask, torch.tensor([1, 1, *side[::-1], 1, 1, 1, 1, *side, 1, 1]), 1e-7)


# ---------------------------------------------------------------------------------------- the prior

SIZES = {
    "width": 16, "layers": 1, "heads": 2, "inner": 16, "text_width": 8, "patch": 3,
    "everywhere": True, "smooth": 1,
}  # fmt: skip


def save_model(folder: Path, channels: int = 263) -> Path:
    """A small model of prior=tiny_motion's format with random weights."""
    torch.manual_seed(0)
    words = ["walk", "sit", "down"]
    network = MotionTransformer(channels, **SIZES)
    modules = torch.nn.ModuleDict({"network": network, "text": BagOfWords(words, 8)})
    state = {**modules.state_dict(), "mean": torch.rand(channels), "std": torch.rand(channels) + 1}
    folder.mkdir(exist_ok=True)
    save_file(
        {name: value.contiguous() for name, value in state.items()}, folder / "model.safetensors"
    )
    config = {"channels": channels, "words": words, "shift": 2.0, **SIZES}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("model"))


def test_its_schedule_is_mdms_cosine() -> None:
    from diffusers import DDPMScheduler

    scheduler: Any = DDPMScheduler(1000, beta_schedule="squaredcos_cap_v2")
    close(Schedule.cosine().abar.float(), scheduler.alphas_cumprod, 1e-6)


def test_a_clean_estimate_becomes_the_noise_that_explains_it(model: Path) -> None:
    prior = TinyMotion(str(model), frames=12)
    x = streams().normal("x", (2, 263, 1, 12)).float()
    cond = prior.embed("walk").at(((0.0,), (1.0,)))
    eps = prior.predict(x, 500, cond, 1.0)
    x0 = prior.network(x, torch.tensor([500, 500]), as_branches(cond).positive[0])
    close(prior.schedule.x0(x, eps, 500), x0, 1e-4)


def test_guidance_weighs_the_text_against_none(model: Path) -> None:
    prior = TinyMotion(str(model), frames=12, batch=1)
    x = streams().normal("x", (1, 263, 1, 12)).float()
    cond = prior.embed("walk").at(((0.0,),))
    low, high, both = (prior.predict(x, 300, cond, scale) for scale in (0, 1, 2.5))
    close(both, low + 2.5 * (high - low), 1e-4)
    empty = prior.predict(x, 300, prior.embed("").at(((0.0,),)), 1)
    close(empty, low, 1e-6)
    assert prior.meter.nfe == 5


def test_frames_share_tokens_in_order() -> None:
    """A network that copies its input gives the frames back."""
    network = MotionTransformer(4, 12, 1, 2, 8, 8, patch=3)
    network.seqTransEncoder = cast(Any, torch.nn.Identity())
    network.sequence_pos_encoder.pe.zero_()
    for part in (network.input_process["poseEmbedding"], network.output_process["poseFinal"]):
        part.load_state_dict({"weight": torch.eye(12), "bias": torch.zeros(12)})
    x = torch.randn(2, 4, 1, 9)
    close(network(x, torch.tensor([0, 0]), torch.zeros(2, 8)), x, 1e-6)


def test_smoothing_keeps_ramps_and_takes_a_tremble() -> None:
    ramp, tremble = torch.arange(8.0)[None], torch.tensor([[1.0, -1.0] * 4])
    close(averaged(ramp)[:, 1:-1], ramp[:, 1:-1], 1e-6)
    close(averaged(tremble)[:, 1:-1], torch.zeros(1, 6), 1e-6)


def test_features_are_normalised_and_back(model: Path) -> None:
    prior = TinyMotion(str(model), frames=12)
    features = torch.rand(1, 263, 1, 12)
    close(prior.decode(prior.encode(features)), features, 1e-5)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"frames": 40}, "prior.frames=40: this model reads 3 frames at a time"),
        ({"model": "nowhere"}, "prior.model=nowhere: no such file or folder"),
    ],
)
def test_what_does_not_fit_a_model_is_one_line(model: Path, change: Any, line: str) -> None:
    with pytest.raises(UserError, match=line):
        TinyMotion(**{"model": str(model), "frames": 12, **change})


def test_a_model_of_another_skeleton_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="a model of 251 numbers a frame, of another skeleton"):
        TinyMotion(str(save_model(tmp_path / "kit", channels=251)))


def test_a_damaged_model_is_refused(tmp_path: Path) -> None:
    folder = save_model(tmp_path / "model")
    (folder / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(UserError, match="not readable"):
        TinyMotion(str(folder))


def test_a_model_is_part_of_a_runs_identity(model: Path, tmp_path: Path) -> None:
    words = (
        "prior=tiny_motion", "prior.frames=12", "task=motion", "task.overlap=3", "method=ddim",
        "method.steps=2", "num_threads=1", f"results={tmp_path}/results", "prompt=walk",
    )  # fmt: skip
    folder = save_model(tmp_path / "mine")
    first = command_line.run(*words, f"prior.model={folder}")
    assert first.code == 0, first.err
    with (folder / "config.json").open("a", encoding="utf-8") as file:
        file.write("\n")
    second = command_line.run(*words, f"prior.model={folder}")
    assert second.code == 1 and "prior.weights=" in second.err


# ----------------------------------------------------------------------------------------- the task


class Words(Gaussian):
    """A prior that only knows the lengths of the texts that it embeds."""

    def embed(self, prompt: str) -> Any:
        from synclab.priors.branches import Branches

        value = torch.full((1, 1), float(len(prompt)))
        return Branches((value,), (value,))


def lengths(prompt: str, views: Views) -> list[float]:
    prior = Words(shape=(263, 1, 12))
    condition = MotionTask(overlap=4).condition(prior, Sample("a", prompt, 0))
    return cast(Any, condition.at(views)).positive[0].flatten().tolist()


def test_every_segment_has_its_own_text_and_passages_have_none() -> None:
    views = ((0.0, 0.0, 0.0), (8.0, 0.0, 1.0), (16.0, 0.0, 2.0), (4.0, 0.0, float(UNTOLD)))
    assert lengths("one | three | sevenly", views) == [3, 5, 7, 0]
    assert lengths("four", views) == [4, 4, 4, 4]


def test_the_files_hold_the_joints_of_the_features() -> None:
    task, prior = MotionTask(segments=2, overlap=4), Gaussian(shape=(263, 1, 12))
    z = torch.zeros(263, 1, 20)
    z[3] = 1.8  # the root's height, (1.8 + 1) / 2 after decoding
    files = task.artefacts(prior, z, torch.zeros(1))
    assert files.keys() == {"npy", "gif"}
    joints = np.load(io.BytesIO(files["npy"]))
    assert joints.shape == (20, 22, 3) and joints.dtype == np.float32
    features = prior.decode(z[None])[0, :, 0].mT
    np.testing.assert_allclose(joints, to_joints(features.double())[:-1], atol=1e-6)
    assert MotionTask(film=False).artefacts(prior, z, torch.zeros(1)).keys() == {"npy"}


def test_the_strip_shows_every_tenth_pose_and_shades_what_is_shared() -> None:
    joints = torch.zeros(40, 22, 3)
    joints[..., 1] = torch.linspace(0, 1.6, 22)
    plain, shaded = (strip_of_poses(joints, shared) for shared in ([], [(10, 20)]))
    assert plain.shape == (3, 176, 5 * 60)
    columns = (plain != shaded).any(0).any(0).nonzero().flatten()
    assert (int(columns.min()), int(columns.max())) == (90, 150)
    dark = (plain < 0.4).all(0).any(0).nonzero().flatten()
    assert {round(float(column) / 60) for column in dark} == {1, 2, 3, 4}


def test_a_motion_that_is_not_finite_gives_no_picture() -> None:
    joints = torch.zeros(20, 22, 3)
    joints[3, 2, 1] = torch.nan
    assert strip_of_poses(joints, []).isnan().all()


def test_the_film_has_every_second_frame() -> None:
    pictures = list(film(torch.zeros(9, 22, 3)))
    assert len(pictures) == 5 and {own.size for own in pictures} == {(240, 240)}


def test_features_of_a_result_agree_after_one_round() -> None:
    """What a network makes need not be consistent; its joints are, and stay what they are."""
    features = streams().normal("features", (12, 263)) / 4
    joints = to_joints(features)
    again = to_joints(to_features(joints))
    distances = (joints[:, :, None] - joints[:, None]).norm(dim=-1)
    close((again[:, :, None] - again[:, None]).norm(dim=-1), distances, 1e-9)


# ------------------------------------------------------------------------------ the embedded prior


def test_the_embedded_prior_does_what_it_is_asked() -> None:
    """Six kinds of motion in twelve steps each, told apart by the judge of motions."""
    prior = TinyMotion("synclab/assets/tiny_motion")
    kinds = ("walk", "turn left", "sit", "jump", "wave both", "crouch")
    texts = [plain(Request(kind)) for kind in kinds]
    one, *others = (prior.embed(text).at(((0.0,),)) for text in texts)
    x = streams().normal("x", (len(kinds), *prior.shape)).float()
    for t, s in prior.schedule.steps(12):
        eps = prior.predict(x, t, one.join(others), 2.5)
        x = prior.schedule.ddim(x, prior.schedule.x0(x, eps, t), t, s)
    nearest = MotionText.load().similarity(prior.decode(x)[:, :, 0].mT, texts).argmax(1)
    assert (nearest == torch.arange(len(kinds))).sum() >= 5


def test_the_embedded_models_of_motion_are_small() -> None:
    sizes = [
        (ASSETS / n / "model.safetensors").stat().st_size for n in ("tiny_motion", "judge_motion")
    ]
    assert sizes[0] < 10e6 and sizes[1] < 2e6
