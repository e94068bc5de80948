"""Checks that prior, task and method fit together, before anything is written."""

from synclab.config.request import Request
from synclab.core.protocols import Method, Prior, Task
from synclab.errors import UserError


def check_match(prior: Prior, task: Task, method: Method, request: Request) -> None:
    """Refuses a prior whose prediction the method cannot use, or that needs inputs, such as depth,
    that the task does not provide.
    """
    expected = method.prediction or prior.prediction
    if prior.prediction != expected:
        raise UserError(
            f"prior={request.prior}: predicts {prior.prediction}; method={request.method} expects"
            f" {expected}; choose another prior, such as prior=sd21_base"
        )
    task.check_prior(prior, request.prior)
    missing = set(prior.needs) - set(task.provides)
    if missing:
        raise UserError(
            f"prior={request.prior}: needs the {' and '.join(sorted(missing))} of every view, which"
            f" task={request.task} does not provide; choose another, such as prior=sd21_base"
        )
