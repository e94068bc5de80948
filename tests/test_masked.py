"""SyncSDE's three trajectories: a background, what is in the mask, and the whole."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from conftest import close, streams
from torch import Tensor

from synclab.core.protocols import Everywhere, Sample
from synclab.errors import UserError
from synclab.methods.ddim import DDIM
from synclab.methods.syncsde import SyncSDE
from synclab.priors.exact import Mixture
from synclab.tasks.masked import MaskedTask
from synclab.tasks.regions import RegionsTask

PRIOR = Mixture(shape=(3, 8, 8))
LEFT = ("box 0 0 0.5 1",)


def space_of(regions: tuple[str, ...] = LEFT) -> Any:
    return MaskedTask(regions=regions).space(PRIOR, streams(), Sample("id", "", 0))


def result(method: Any, space: Any) -> Tensor:
    *_, z = method(PRIOR, space, Everywhere(), streams())
    return z


def three_trajectories(mask: Tensor, steps: int) -> Tensor:
    """Equations 7 to 11, written out: y2 is pulled to y1 outside of the mask, y3 to both."""
    y = streams().normal("start", (3, 3, 8, 8))
    pairs, method = PRIOR.schedule.steps(steps), SyncSDE()
    for t, s in pairs:
        eps = PRIOR.predict(y, t, Everywhere(), 7.5)
        strength = method.strength(PRIOR.schedule, t, s, pairs[0][0])
        y1, y2, y3 = y
        pull = torch.stack(
            [0 * y1, (1 - mask) * (y2 - y1), (1 - mask) * (y3 - y1) + mask * (y3 - y2)]
        )
        y = PRIOR.schedule.ddim(y, PRIOR.schedule.x0(y, eps, t), t, s) - strength * pull
    return y[2]


def test_syncsde_on_a_mask_is_the_papers_three_trajectories() -> None:
    mask = torch.zeros(1, 8, 8)
    mask[..., :4] = 1
    close(result(SyncSDE(steps=8), space_of()), three_trajectories(mask, 8), 1e-12)


def test_a_mask_of_everything_is_its_own_prompts_picture() -> None:
    """The whole is pulled to the region, which nothing pulls: the end of its plain DDIM."""
    z = result(SyncSDE(), space_of(("box 0 0 1 1",)))
    x = streams().normal("start", (3, 3, 8, 8))[1:2]
    for t, s in PRIOR.schedule.steps(50):
        eps = PRIOR.predict(x, t, Everywhere(), 1.0)
        x = PRIOR.schedule.ddim(x, PRIOR.schedule.x0(x, eps, t), t, s)
    close(z, x[0], 1e-3)


def test_independent_views_show_the_whole_averaged_with_its_parts() -> None:
    space = space_of()
    assert space.weights.sum(0).unique().tolist() == [2]
    assert result(DDIM(steps=3), space).isfinite().all()


def test_without_the_whole_background_and_region_are_those_of_regions() -> None:
    """Its text stays in the prompt, so that all methods of a table have the same samples."""
    sample = Sample("id", "a | b | c", 0)
    two = RegionsTask(regions=LEFT, columns=1)
    masked = MaskedTask(regions=LEFT, whole=False)
    first, second = (task.space(PRIOR, streams(), sample) for task in (masked, two))
    close(result(DDIM(steps=3), first), result(DDIM(steps=3), second), 0)
    embedded: list[str] = []
    prior: Any = SimpleNamespace(embed=embedded.append)
    masked.condition(prior, sample)
    assert embedded == ["a", "b"]


@pytest.mark.parametrize("prompt", ["a | b", "a | b | c | d"])
def test_another_number_of_texts_is_refused(prompt: str) -> None:
    with pytest.raises(UserError, match="1 regions and the whole; expected one for each"):
        MaskedTask().check_prompt(prompt)
