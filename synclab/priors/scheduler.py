"""A checkpoint's scheduler file: signal and noise over time, and what the network predicts.

The file's own time grids are never used; methods and solvers choose their times.
"""

from typing import Any

from diffusers import DDIMScheduler

from synclab.core.schedule import Schedule
from synclab.priors.prediction import NOISE


def read_scheduler(config: dict[str, Any]) -> tuple[Schedule, str]:
    """The schedule and the name of what is predicted, one of `NOISE`.

    Raises: ValueError for a prediction or a shift of times that synclab does not know.
    """
    if config["_class_name"] == "FlowMatchEulerDiscreteScheduler":
        return read_flow(config), "flow"
    scheduler: Any = DDIMScheduler.from_config(config)
    predicted = scheduler.config.prediction_type
    if predicted not in NOISE:
        raise ValueError(f"it predicts {predicted!r}, not {', '.join(NOISE)}")
    return Schedule.variance_preserving(scheduler.alphas_cumprod.double()), predicted


def read_flow(config: dict[str, Any]) -> Schedule:
    if config.get("use_dynamic_shifting"):
        raise ValueError("it shifts its times by image size; one shift for all is known")
    return Schedule.flow(config.get("shift", 1.0), config.get("num_train_timesteps", 1000))
