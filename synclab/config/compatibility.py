"""Which prior goes with which task and method: refused in one line before anything is written."""

from synclab.config.request import Request
from synclab.core.protocols import Method, Prior, Task
from synclab.errors import UserError


def check_match(prior: Prior, task: Task, method: Method, request: Request) -> None:
    """Refuses a prior whose prediction the method cannot use, or that needs more than prompts from
    a task that provides no more.
    """
    expected = method.prediction or prior.prediction
    if prior.prediction != expected:
        raise UserError(
            f"prior={request.prior}: predicts {prior.prediction}; method={request.method} expects"
            f" {expected}; choose another prior, such as prior=sd21_base"
        )
    missing = set(prior.needs) - set(task.provides)
    if missing:
        raise UserError(
            f"prior={request.prior}: needs the {' and '.join(sorted(missing))} of every view,"
            f" task={request.task} tells no such thing; choose another, such as prior=sd21_base"
        )
