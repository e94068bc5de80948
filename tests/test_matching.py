"""Which prior goes with which task and method."""

from types import SimpleNamespace

import pytest

from synclab.config.compatibility import check_match
from synclab.errors import UserError
from synclab.methods.ddim import DDIM
from synclab.methods.sdi import SDI
from synclab.methods.sds import SDS
from synclab.priors.exact import Gaussian
from synclab.tasks.wide import WideTask

NAMES = {"prior": "some_prior", "task": "some_task", "method": "some_method"}


def predicting(kind: str, *needs: str) -> SimpleNamespace:
    return SimpleNamespace(prediction=kind, needs=needs)


@pytest.mark.parametrize("kind", ["v_prediction", "flow"])
def test_sdi_is_for_networks_that_predict_noise(kind):
    line = f"prior=some_prior: predicts {kind}; method=some_method expects epsilon.*prior=sd21_base"
    with pytest.raises(UserError, match=line):
        check_match(predicting(kind), WideTask(), SDI(), NAMES)


@pytest.mark.parametrize("method", [DDIM(), SDS()], ids=str)
@pytest.mark.parametrize("kind", ["epsilon", "v_prediction", "flow"])
def test_the_others_take_any(kind, method):
    check_match(predicting(kind), WideTask(), method, NAMES)


def test_a_task_of_prompts_alone_has_no_depth_to_tell():
    line = "prior=some_prior: needs the depth of every view, task=some_task tells no such thing"
    with pytest.raises(UserError, match=line):
        check_match(predicting("epsilon", "depth"), WideTask(), DDIM(), NAMES)


def test_a_task_that_tells_depth_goes_with_any_prior():
    task = SimpleNamespace(tells=("depth",))
    check_match(predicting("epsilon", "depth"), task, DDIM(), NAMES)
    check_match(Gaussian(), task, DDIM(), NAMES)


def test_exact_data_go_with_everything():
    check_match(Gaussian(), WideTask(), SDI(), NAMES)
