"""Which prior goes with which task and method: refused in one line before anything is written."""

from collections.abc import Mapping

from synclab.core.protocols import Method, Prior, Task
from synclab.errors import UserError


def check_match(prior: Prior, task: Task, method: Method, names: Mapping[str, str]) -> None:
    """Refuses a prior whose prediction the method cannot use, or that needs more than the task has.

    Args:
        names: what was chosen for "prior", "task" and "method".
    """
    expected = method.prediction or prior.prediction
    if prior.prediction != expected:
        raise UserError(
            f"prior={names['prior']}: predicts {prior.prediction}; method={names['method']} expects"
            f" {expected}; choose another prior, such as prior=sd21_base"
        )
    missing = set(prior.needs) - set(task.provides)
    if missing:
        raise UserError(
            f"prior={names['prior']}: needs the {' and '.join(sorted(missing))} of every view,"
            f" task={names['task']} tells no such thing; choose another, such as prior=sd21_base"
        )
