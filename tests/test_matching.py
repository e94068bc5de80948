"""Which prior goes with which task and method."""

from dataclasses import dataclass
from typing import ClassVar

import pytest

from synclab.config.compatibility import check_match
from synclab.config.request import Request
from synclab.core.protocols import Method, Prior, Task
from synclab.errors import UserError
from synclab.methods.ddim import DDIM
from synclab.methods.sdi import SDI
from synclab.methods.sds import SDS
from synclab.methods.stochsync import StochSync
from synclab.methods.streammultidiffusion import StreamMultiDiffusion
from synclab.priors.exact import Gaussian
from synclab.tasks.wide import WideTask

REQUEST = Request("some_task", "some_method", "some_prior", "some_preset")


RGB = (3, 16, 16)


@dataclass
class Predicting(Gaussian):
    """A prior whose network answers with something of this `kind`."""

    shape: tuple[int, int, int] = RGB
    kind: str = "epsilon"

    @property
    def prediction(self) -> str:
        return self.kind


class Distilled(Predicting):
    @property
    def distilled(self) -> bool:
        return True


class WithDepth(Predicting):
    needs: ClassVar[tuple[str, ...]] = ("depth",)


class Surfaces(WideTask):
    provides: ClassVar[tuple[str, ...]] = ("depth",)


def refusal(prior: Prior, task: Task, method: Method) -> str | None:
    """The line that refuses a combination; None for one that is taken."""
    try:
        check_match(prior, task, method, REQUEST)
    except UserError as error:
        return str(error)
    return None


@pytest.mark.parametrize("kind", ["v_prediction", "flow"])
def test_sdi_is_for_networks_that_predict_noise(kind):
    line = refusal(Predicting(kind=kind), WideTask(), SDI())
    assert line == (
        f"prior=some_prior: predicts {kind}; method=some_method expects epsilon; choose another"
        " prior, such as prior=sd21_base"
    )


@pytest.mark.parametrize("method", [DDIM(), SDS()], ids=str)
@pytest.mark.parametrize("kind", ["epsilon", "v_prediction", "flow"])
def test_the_others_take_any(kind, method):
    assert refusal(Predicting(kind=kind), WideTask(), method) is None


def test_a_prior_of_depth_is_refused_a_task_of_prompts_alone():
    line = refusal(WithDepth(), WideTask(), DDIM())
    assert line == (
        "prior=some_prior: needs the depth of every view, which task=some_task does not provide;"
        " choose another, such as prior=sd21_base"
    )


@pytest.mark.parametrize("prior", [WithDepth(), Gaussian(RGB)], ids=["with depth", "plain"])
def test_a_task_that_provides_depth_goes_with_any_prior(prior):
    assert refusal(prior, Surfaces(), DDIM()) is None


def test_a_prior_may_be_refused_for_either_reason():
    """Depth does not make up for the wrong prediction, nor the other way round."""

    prior = WithDepth(kind="flow")
    assert "predicts flow" in str(refusal(prior, Surfaces(), SDI()))
    assert "needs the depth" in str(refusal(prior, WideTask(), DDIM()))


def test_exact_data_go_with_every_method():
    assert refusal(Gaussian(RGB), WideTask(), SDI()) is None


def test_images_that_are_not_rgb_are_refused():
    line = refusal(Gaussian((4, 8, 8)), WideTask(), DDIM())
    assert line == (
        "prior=some_prior: its images have 4 channels; expected 3, as in prior.shape=[3,64,64]"
    )


@pytest.mark.parametrize(
    "method", [StochSync(solver="consistency"), StreamMultiDiffusion()], ids=str
)
def test_methods_of_few_calls_warn_of_a_prior_that_is_not_distilled(method, caplog):
    assert refusal(Distilled(), WideTask(), method) is None
    assert not caplog.records
    assert refusal(Predicting(), WideTask(), method) is None
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "prior=some_prior: not distilled" in caplog.text


def test_methods_of_many_calls_take_any_prior_in_silence(caplog):
    for prior in (Distilled(), Predicting()):
        assert refusal(prior, WideTask(), StochSync()) is None
    assert not caplog.records
