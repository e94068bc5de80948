"""Checks that prior, task and method fit together, before anything is written."""

import logging

from synclab.config.request import Request
from synclab.core.protocols import Method, Prior, Task
from synclab.errors import UserError

log = logging.getLogger(__name__)


def check_match(prior: Prior, task: Task, method: Method, request: Request) -> None:
    """Refuses a prior whose prediction the method cannot use, or that needs inputs, such as depth,
    that the task does not provide. Warns of one that will blur what the method makes.
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
    if method.needs_distilled and not prior.distilled:
        log.warning(
            "prior=%s: not distilled, so single calls of it are blurred, and method=%s needs sharp"
            " ones; use prior=tiny_fast or sd_turbo, or prior.distilled=true if prior.lora is LCM's"
            " or its like",
            request.prior,
            request.method,
        )
