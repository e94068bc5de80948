"""Which prior goes with which task and method: refused in one line before anything is written."""

from collections.abc import Mapping
from typing import Any

from synclab.errors import UserError


def check_match(prior: Any, task: Any, method: Any, names: Mapping[str, str]) -> None:
    """Refuses a prior that predicts what the method cannot use, or needs what the task cannot tell.

    A method that is derived for one kind of network says so by its `prediction`, a task that tells
    more than prompts by what it `tells`.

    Args:
        names: what was chosen for "prior", "task" and "method".
    """
    expected = getattr(method, "prediction", prior.prediction)
    if prior.prediction != expected:
        raise UserError(
            f"prior={names['prior']}: predicts {prior.prediction}; method={names['method']} expects"
            f" {expected}; choose another prior, such as prior=sd21_base"
        )
    missing = set(prior.needs) - set(getattr(task, "tells", ()))
    if missing:
        raise UserError(
            f"prior={names['prior']}: needs the {' and '.join(sorted(missing))} of every view,"
            f" task={names['task']} tells no such thing; choose another, such as prior=sd21_base"
        )
