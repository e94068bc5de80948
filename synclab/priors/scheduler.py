"""A checkpoint's scheduler file: the noise schedule and the prediction type.

The file's own time grids are never used; methods and solvers choose their times.
"""

from typing import Any

from diffusers import DDIMScheduler

from synclab.core.schedule import Schedule
from synclab.priors.prediction import NOISE

TIMES = 1000
"""Number of training times that methods and solvers assume."""

NOTHING = 1e-12
"""Values of abar below this are 0 up to rounding: zero terminal SNR."""

BETAS = (
    "num_train_timesteps",
    "beta_start",
    "beta_end",
    "beta_schedule",
    "trained_betas",
    "prediction_type",
    "rescale_betas_zero_snr",
)
"""Keys of the noise schedule and the prediction; the rest is about time grids and clipping."""

FAINTEST = 1e-6
"""Smallest abar for predictions of v and of the sample. At abar = 0, x and eps do not determine x0;
a signal of 1/1000 is invisible to a network and large enough for fp32.
"""


def read_scheduler(config: dict[str, Any]) -> tuple[Schedule, str]:
    """The schedule and the prediction type, one of `NOISE`.

    Raises: ValueError for an unsupported prediction type, schedule or time shift.
    """
    if config.get("_class_name") == "FlowMatchEulerDiscreteScheduler":
        return read_flow(config), "flow"
    check_betas(config)
    # Not from_config: it drops values that were another class's defaults, and takes a second to
    # import every scheduler.
    scheduler: Any = DDIMScheduler(**{key: config[key] for key in BETAS if key in config})
    predicted = scheduler.config.prediction_type
    if predicted not in NOISE:
        raise ValueError(f"it predicts {predicted!r}, not {', '.join(NOISE)}")
    abar = scheduler.alphas_cumprod.double()
    if predicted in ("v_prediction", "sample"):
        abar = abar.clamp_min(FAINTEST)
    elif abar[-1] < NOTHING:
        raise ValueError(
            f"its schedule ends at zero SNR, where {predicted} does not determine the image;"
            " expected v_prediction or sample"
        )
    return Schedule.variance_preserving(abar), predicted


def check_betas(config: dict[str, Any]) -> None:
    """Refuses a file without betas: other kinds of schedule have other parameters.

    Raises: ValueError naming what is missing.
    """
    stated = {"beta_schedule", "beta_start", "beta_end"} <= config.keys()
    if not (config.get("trained_betas") or stated):
        name = config.get("_class_name", "it has no _class_name")
        raise ValueError(f"{name} states no betas: beta_schedule, beta_start and beta_end")
    times = config.get("num_train_timesteps", TIMES)
    if times != TIMES:
        raise ValueError(f"it has {times} training times; expected {TIMES}")


def read_flow(config: dict[str, Any]) -> Schedule:
    if config.get("use_dynamic_shifting"):
        raise ValueError("it shifts its times by image size; expected one fixed shift")
    return Schedule.flow(config.get("shift", 1.0), config.get("num_train_timesteps", 1000))
