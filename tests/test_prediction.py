"""From what a network answers with to the noise in x, and which of it a checkpoint does."""

from typing import Any

import pytest
import small_checkpoint
import torch
from conftest import close, streams

from synclab.core.schedule import Schedule
from synclab.priors.prediction import NOISE
from synclab.priors.scheduler import read_scheduler

DIFFUSION, FLOW = Schedule.scaled_linear(), Schedule.flow(shift=3.0)
SCHEDULES = {"epsilon": DIFFUSION, "v_prediction": DIFFUSION, "flow": FLOW, "sample": DIFFUSION}
TRUTH: dict[str, Any] = {
    "epsilon": lambda x0, eps, schedule, t: eps,
    "v_prediction": lambda x0, eps, schedule, t: schedule.alpha(t) * eps - schedule.sigma(t) * x0,
    "flow": lambda x0, eps, schedule, t: eps - x0,
    "sample": lambda x0, eps, schedule, t: x0,
}

each_kind = pytest.mark.parametrize("kind", NOISE)


def normal(purpose: str) -> torch.Tensor:
    return streams().normal(purpose, (2, 3))


@each_kind
@pytest.mark.parametrize("t", [0, 270, 999])
def test_the_true_answer_gives_the_noise_and_the_clean_state(kind, t):
    x0, eps, schedule = normal("x0"), normal("eps"), SCHEDULES[kind]
    x = schedule.noise(x0, eps, t)
    found = NOISE[kind](TRUTH[kind](x0, eps, schedule, t), x, t, schedule)
    close(found, eps, 1e-12)
    close(schedule.x0(x, found, t), x0, 1e-11)


@pytest.mark.parametrize("t", [0, 270, 999])
def test_the_clean_state_of_a_flow_is_x_less_s_v(t):
    x, v = normal("x"), normal("v")
    close(FLOW.x0(x, NOISE["flow"](v, x, t, FLOW), t), x - FLOW.sigma(t) * v, 1e-11)


@each_kind
@pytest.mark.parametrize("guidance", [0.0, 1.0, 7.5, -7.5])
def test_guidance_among_answers_is_guidance_among_noises(kind, guidance):
    x, low, high = normal("x"), normal("low"), normal("high")

    def noise(answer: torch.Tensor) -> torch.Tensor:
        return NOISE[kind](answer, x, 500, SCHEDULES[kind])

    guided = noise(low) + guidance * (noise(high) - noise(low))
    close(noise(low + guidance * (high - low)), guided, 1e-12)


def read(scheduler: Any) -> tuple[Schedule, str]:
    return read_scheduler({**scheduler.config, "_class_name": type(scheduler).__name__})


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction", "sample"])
def test_a_diffusions_file_gives_its_betas_and_its_prediction(kind):
    schedule, predicted = read(small_checkpoint.scheduler(prediction_type=kind))
    assert predicted == kind
    close(schedule.abar, DIFFUSION.abar, 1e-5)


def test_betas_that_were_another_schedulers_defaults_are_read_as_stated():
    """LCMScheduler's file marks them as its defaults, which DDIMScheduler does not share."""
    config = {**small_checkpoint.scheduler().config, "_use_default_values": ["beta_start"]}
    close(read_scheduler(config)[0].abar, DIFFUSION.abar, 1e-5)


def test_a_flows_file_gives_its_shift():
    schedule, predicted = read(small_checkpoint.flow_scheduler(shift=3.0))
    assert predicted == "flow"
    close(schedule.sigmas, FLOW.sigmas, 0)


@pytest.mark.parametrize(
    ("scheduler", "reason"),
    [
        (small_checkpoint.scheduler(prediction_type="score"), "predicts 'score', not epsilon"),
        (small_checkpoint.flow_scheduler(use_dynamic_shifting=True), "by image size"),
    ],
    ids=["score", "dynamic"],
)
def test_what_is_not_known_is_named(scheduler, reason):
    with pytest.raises(ValueError, match=reason):
        read(scheduler)
