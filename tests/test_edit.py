"""Edits: inversion, masks, and what methods make of them."""

from pathlib import Path
from typing import Any

import command_line
import pytest
import torch
from conftest import close, image, last, prior_of, random_state, streams
from PIL import Image as Picture
from torch import Tensor

from synclab.core.known import Inverted
from synclab.core.protocols import Denoiser, Everywhere, Sample
from synclab.core.solvers import inversion_path
from synclab.errors import UserError
from synclab.methods.ddib import DDIB
from synclab.methods.ddim import DDIM
from synclab.methods.negative_prompt_inversion import NegativePromptInversion
from synclab.methods.sdedit import SDEdit
from synclab.methods.sds import SDS
from synclab.methods.syncsde_edit import SyncSDEEdit
from synclab.metrics.edit_views import EditViews
from synclab.metrics.extractors import Cut
from synclab.metrics.extractors.edits import EditScores
from synclab.priors.attention import recorded
from synclab.priors.exact import Gaussian, Mixture
from synclab.priors.latent import LatentPrior
from synclab.store.pictures import UnusableError
from synclab.tasks.edit import EditTask, changed_words
from synclab.tasks.edit_mask import attention_mask, difference_mask, spread
from synclab.world.request import asked, rendering

METHODS = {
    "syncsde": SyncSDEEdit(steps=50),
    "ddib": DDIB(steps=50),
    "negative prompt inversion": NegativePromptInversion(steps=50),
    "sdedit": SDEdit(steps=10),
}
PROMPT = "a desert on a sunny day | snowy mountains on a sunny day"


def edited(weight: float, prior: Denoiser, steps: int = 50) -> Any:
    """A flat space with an inverted random source, kept where the weight is 1."""
    space = image()
    z = 1 + 0.25 * random_state(space, 3)
    times = [0, *(t for t, _ in reversed(prior.schedule.steps(steps)))]
    path = [
        (t, x[0], eps[0]) for t, x, eps in inversion_path(prior, z[None], times, Everywhere(), 1.0)
    ]
    space.initial = z
    space.known = Inverted(z, weight * torch.ones(1, 8, 8).double(), tuple(path))
    return space


def error(z: Tensor, source: Tensor) -> float:
    return float((z - source).norm() / source.norm())


# -------------------------------------------------------------------------------------- inversion


def test_an_inverted_state_returns_to_the_source() -> None:
    """Equal prompts: the edit by inversion is the source up to the inversion's error, 6 % here.

    Half the steps leave twice the error: DDIM is of first order.
    """
    prior = Gaussian(shape=prior_of(image()).shape)

    def left(steps: int) -> float:
        space = edited(0, prior, steps)
        return error(last(DDIB(steps=steps), prior, space), space.initial)

    assert left(50) < 0.07
    assert 1.6 < left(50) / left(100) < 2.4


def test_states_of_an_inversion_are_those_of_its_path_and_the_source_at_the_end() -> None:
    prior = prior_of(image())
    known = edited(1, prior).known
    t, x, _ = known.path[7]
    close(known.noised(prior.schedule, random_state(image()), t).state, x, 1e-12)
    assert torch.equal(known.noised(prior.schedule, x, -1).state, known.state)


def test_between_two_times_of_a_path_the_state_is_a_step_up_from_the_lower() -> None:
    prior = prior_of(image())
    known = edited(1, prior).known
    (low, x, eps), (high, _, _) = known.path[7:9]
    middle = (low + high) // 2
    expected = prior.schedule.noise(prior.schedule.x0(x, eps, low), eps, middle)
    close(known.noised(prior.schedule, x, middle).state, expected, 1e-12)


# ---------------------------------------------------------------------------------------- methods


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_a_method_yields_once_a_step_and_ends_with_an_edit(method: Any) -> None:
    prior = prior_of(image())
    space = edited(0.0, prior)
    estimates = list(method(prior, space, Everywhere(), streams()))
    assert len(estimates) == method.steps
    assert estimates[-1].shape == space.shape and estimates[-1].isfinite().all()


def test_a_mask_of_nothing_keeps_the_source() -> None:
    """SyncSDE's result is pulled to the inverted source at all times."""
    prior = Mixture(shape=prior_of(image()).shape)
    kept, free = (edited(weight, prior) for weight in (1.0, 0.0))
    assert error(last(SyncSDEEdit(), prior, kept), kept.initial) < 0.1
    assert error(last(SyncSDEEdit(), prior, free), free.initial) > 0.5


def test_a_mask_of_everything_is_sampling_from_the_target() -> None:
    """The object's trajectory is free, and the result ends where plain DDIM from its noise does."""
    prior = Mixture(shape=prior_of(image()).shape)
    plain = last(DDIM(steps=50), prior, image(), Flat())
    assert error(last(SyncSDEEdit(), prior, edited(0.0, prior), Flat()), plain) < 1e-3


class Flat(type(streams())):
    """One noise for a canvas and for its only view."""

    def __init__(self) -> None:
        super().__init__("test", 0, dtype=torch.float64)

    def normal(self, purpose: str, shape: tuple[int, ...]) -> Tensor:
        return super().normal(purpose, shape[-3:]).expand(shape)


def test_sdedit_forgets_more_of_the_source_with_more_strength() -> None:
    prior = Mixture(shape=prior_of(image()).shape)
    space = edited(0, prior)
    errors = [error(last(SDEdit(strength=s), prior, space), space.initial) for s in (0.05, 0.5, 1)]
    assert errors[0] < 0.8 * errors[1] < errors[2]


def test_negative_prompt_inversion_of_equal_prompts_is_ddib_at_any_guidance() -> None:
    prior = prior_of(image())
    space = edited(0, prior)
    strong = last(NegativePromptInversion(guidance=20), prior, space)
    close(strong, last(DDIB(), prior, space), 1e-9)


# ------------------------------------------------------------------------------------------ masks


def test_recording_attention_leaves_the_prediction_and_the_processors_alone(
    checkpoint: Path,
) -> None:
    prior = LatentPrior(str(checkpoint))
    x, cond = torch.randn(1, *prior.shape), prior.embed("a sea").at(((0.0,),))
    before, plain = dict(prior.unet.attn_processors), prior.predict(x, 500, cond, 1.0)
    with recorded(prior.unet) as maps:
        assert torch.equal(prior.predict(x, 500, cond, 1.0), plain)
    close(maps.crosses[0].sum(-1), torch.ones_like(maps.crosses[0][..., 0]), 1e-5)
    close(maps.own().sum(-1), torch.ones_like(maps.own()[..., 0]), 1e-5)
    assert prior.unet.attn_processors == before


def test_after_an_error_no_recorder_stays(checkpoint: Path) -> None:
    prior = LatentPrior(str(checkpoint))
    before = dict(prior.unet.attn_processors)
    with pytest.raises(RuntimeError), recorded(prior.unet):
        raise RuntimeError
    assert prior.unet.attn_processors == before


def test_attention_masks_have_the_size_of_the_latent(checkpoint: Path) -> None:
    prior = LatentPrior(str(checkpoint))
    x, cond = torch.randn(prior.shape), prior.embed("a sea at night").at(((0.0,),))
    mask = attention_mask(prior, [(500, x)], cond, prior.token_places("a sea at night", ["sea"]))
    assert mask.shape == (1, *prior.shape[-2:]) and mask.min() >= 0 and mask.max() <= 1
    assert not attention_mask(prior, [(500, x)], cond, []).any()


def test_tokens_of_words_are_counted_from_the_beginning(checkpoint: Path) -> None:
    prior = LatentPrior(str(checkpoint))
    ids = prior.tokenizer("a sea at night").input_ids
    places = prior.token_places("a sea at night", ["sea", "night"])
    word = prior.tokenizer("sea", add_special_tokens=False).input_ids
    assert [ids[place] for place in places][: len(word)] == word


def test_self_attention_spreads_a_mask() -> None:
    """Every place looks at the first one only."""
    own = torch.zeros(1, 4, 4)
    own[..., 0] = 1
    mask = torch.tensor([[[[0.7, 0.0], [0.1, 0.2]]]])
    close(spread(mask, own, (2, 2)), torch.full((1, 2, 2), 0.7), 1e-6)


class TwoTexts(Gaussian):
    """The second text asks for something else in the left half."""

    def predict(self, x: Tensor, t: int, cond: Any, guidance: float) -> Tensor:
        eps = super().predict(x, t, cond, guidance)
        eps[..., :4] += cond == "second"
        return eps


def test_a_difference_mask_is_where_two_texts_differ() -> None:
    prior: Any = TwoTexts(shape=(2, 8, 8))
    first: Any = "first"
    second: Any = "second"
    mask = difference_mask(prior, random_state(image()), first, second, streams())
    assert (mask[..., :4] > 0.99).all() and (mask[..., 4:] < 0.01).all()


def test_changed_words_are_those_that_the_target_lacks() -> None:
    assert changed_words("a desert by day", "a desert at night") == {"by", "day"}


# ------------------------------------------------------------------------------- task and world


def test_two_scenes_of_one_seed_share_what_their_kinds_do_not_change() -> None:
    desert, snow, night = (
        rendering(kind, time, 0, 32)
        for kind, time in [("desert", "day"), ("mountains", "day"), ("desert", "night")]
    )
    close(desert[:, :5], snow[:, :5], 1e-6)  # the sky
    assert not torch.equal(desert[:, 24:], snow[:, 24:])
    assert night.mean() < 0.5 * desert.mean()


def small_edit(prompt: str = PROMPT, **keys: Any) -> Any:
    """The space of an edit of 16 pixels."""
    prior = Gaussian(shape=(3, 16, 16))
    task = EditTask(inversion_steps=4, **keys)
    task.check_prompt(prompt)
    return task.space(prior, streams(), Sample("id", prompt, 0))


def test_the_white_part_of_a_mask_may_change(tmp_path: Path) -> None:
    mask = Picture.new("L", (32, 32))
    mask.paste(255, (0, 0, 16, 32))
    mask.save(tmp_path / "mask.png")
    weight = small_edit(mask=str(tmp_path / "mask.png")).known.weight
    assert not weight[..., :8].any() and (weight[..., 8:] == 1).all()
    assert not small_edit(mask="everything").known.weight.any()


def test_a_picture_is_the_source(tmp_path: Path) -> None:
    Picture.new("RGB", (32, 32), (255, 0, 0)).save(tmp_path / "red.png")
    space = small_edit("red | blue", picture=str(tmp_path / "red.png"))
    close(space.initial[:, 0, 0], torch.tensor([1.0, -1, -1]), 1e-6)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["prompt=a desert"], "prompt=a desert: 1 texts; expected two"),
        (["prompt=a desert|a sea|a cave"], "3 texts; expected two"),
        (["prompt=a sofa | a chair"], "its source names none of the embedded world's scenes"),
        (["task.picture=nowhere.png"], "task.picture=nowhere.png: no such file"),
        (["task.mask=nowhere.png"], "task.mask=nowhere.png: no such file"),
        (["task.mask=pyproject.toml"], "task.mask=pyproject.toml"),
        (["task.canonical=rgb"], "task.canonical=rgb: inversion needs"),
        (["task=wide", "method=ddib"], "method=ddib: edits a picture"),
    ],
)
def test_bad_input_of_an_edit_ends_in_a_line(tmp_path: Path, words: list[str], said: str) -> None:
    first = ["task=edit", "method=syncsde", f"prompt={PROMPT}"]
    answer = command_line.run(*command_line.QUICK, *first, *words, f"results={tmp_path}")
    assert answer.code != 0 and said in answer.err and "Traceback" not in answer.err


def test_a_mask_with_nothing_white_is_refused(tmp_path: Path) -> None:
    Picture.new("L", (8, 8)).save(tmp_path / "black.png")
    with pytest.raises(UserError, match="nothing is white"):
        EditTask(mask=str(tmp_path / "black.png")).check(SDS(), "sds")


# ------------------------------------------------------------------------------------- evaluation


def test_the_true_edit_scores_best() -> None:
    row = {"seed": 0, "prompt": PROMPT}
    source, truth = (rendering(*found, 0, 64) for t in PROMPT.split("|") if (found := asked(t)))

    def scores(picture: Tensor) -> dict[str, float]:
        pixels = (picture * 255).round().byte()
        found = EditScores()(Cut(pixels, EditViews().cut(pixels, row), PROMPT))
        return {name: float(value[0, 0]) for name, value in found.items()}

    right, none = scores(truth), scores(source)
    for zero in (right["truth"], right["background"], none["source"], none["background"]):
        assert zero < 1e-4
    assert right["clip"] > none["clip"] and none["truth"] == right["source"] > 0.1
    assert scores(1 - truth)["background"] > 0.1


def test_only_edits_of_the_world_are_scored() -> None:
    row = {"seed": 0, "prompt": PROMPT, "config": {"task": {"picture": "photo.png"}}}
    with pytest.raises(UnusableError, match="photo.png"):
        EditViews().cut(torch.zeros(3, 8, 8), row)
