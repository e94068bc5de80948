"""A checkpoint's scheduler file: the noise schedule and the prediction type.

The file's own time grids are never used; methods and solvers choose their times.
"""

from typing import Any

from diffusers import DDIMScheduler

from synclab.core.schedule import Schedule
from synclab.priors.prediction import NOISE

TIMES = 1000
"""Training times that methods and solvers count."""

NOTHING = 1e-12
"""An abar that is zero but for rounding: zero terminal SNR."""

FAINTEST = 1e-6
"""Least abar of velocities. At 0 the image cannot be read off x and eps; a thousandth of the signal
is below what a network sees, and enough for single precision.
"""


def read_scheduler(config: dict[str, Any]) -> tuple[Schedule, str]:
    """The schedule and the prediction type, one of `NOISE`.

    Raises: ValueError for a prediction or a shift of times that synclab does not know.
    """
    if config.get("_class_name") == "FlowMatchEulerDiscreteScheduler":
        return read_flow(config), "flow"
    check_betas(config)
    scheduler: Any = DDIMScheduler.from_config(config)
    predicted = scheduler.config.prediction_type
    if predicted not in NOISE:
        raise ValueError(f"it predicts {predicted!r}, not {', '.join(NOISE)}")
    abar = scheduler.alphas_cumprod.double()
    if predicted == "v_prediction":
        abar = abar.clamp_min(FAINTEST)
    elif abar[-1] < NOTHING:
        raise ValueError(
            f"its schedule ends without signal, where {predicted} says nothing of the image;"
            " expected v_prediction"
        )
    return Schedule.variance_preserving(abar), predicted


def check_betas(config: dict[str, Any]) -> None:
    """Refuses a file that does not state its betas: other schedules have other parameters.

    Raises: ValueError that names what is missing.
    """
    stated = {"beta_schedule", "beta_start", "beta_end"} <= config.keys()
    if not (config.get("trained_betas") or stated):
        name = config.get("_class_name", "it has no _class_name")
        raise ValueError(f"{name} states no betas: beta_schedule, beta_start and beta_end")
    times = config.get("num_train_timesteps", TIMES)
    if times != TIMES:
        raise ValueError(f"it has {times} training times; methods count {TIMES}")


def read_flow(config: dict[str, Any]) -> Schedule:
    if config.get("use_dynamic_shifting"):
        raise ValueError("it shifts its times by image size; one shift for all is known")
    return Schedule.flow(config.get("shift", 1.0), config.get("num_train_timesteps", 1000))
