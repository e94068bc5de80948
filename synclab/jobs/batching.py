"""Samples that run together: their calls of the network are joined, their methods know nothing.

Each sample is a coroutine (a greenlet: one thread, one order of events). It stops where its method
asks the denoiser; once all have stopped, calls with the same time and guidance are evaluated at
once and every sample goes on with its part.

A sample's result does not depend on its company, save for the rounding of kernels that libraries
choose by the size of a batch: four prompts of the embedded prior together differ from each alone by
one grey level in 2e-5 of all values, the exact priors not at all.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import torch
from greenlet import getcurrent, greenlet
from torch import Tensor

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Call:
    """One sample's question to the network."""

    x: Tensor
    t: int
    cond: Any
    guidance: float

    @property
    def key(self) -> tuple[Any, ...]:
        """Calls of equal keys can be joined."""
        return (self.t, self.guidance, self.x.shape[1:], self.x.dtype, kind(self.cond, len(self.x)))


@dataclass
class Outcome:
    """What became of one sample: a result or an error, and the denoiser inputs it took."""

    result: Any = None
    error: Exception | None = None
    nfe: int = 0


class Batcher:
    """A prior that several samples use together.

    Where the network runs out of memory its inputs are halved, and stay so.
    """

    def __init__(self, prior: Any) -> None:
        self.prior = prior
        self.limit: int | None = None
        """Most views that fit into one call; None until one did not fit."""

    def run(self, tasks: Sequence[Callable[[Any], Any]]) -> list[Outcome]:
        """Runs tasks, functions of a prior, side by side; the outcomes come in their order.

        A task that raises ends alone; an exit or an interrupt ends all.
        """
        outcomes = [Outcome() for _ in tasks]
        guests = [Guest(self.prior, getcurrent(), outcome) for outcome in outcomes]
        running = {i: greenlet(settle) for i in range(len(tasks))}
        answers: dict[int, tuple[Any, ...]] = {i: (tasks[i], guests[i]) for i in running}
        while running:
            calls = {i: running[i].switch(*answers[i]) for i in running}
            running = {i: task for i, task in running.items() if not task.dead}
            answers = {}
            for group in grouped({i: calls[i] for i in running}):
                for i, answer in zip(group, self.answer(group, outcomes), strict=True):
                    answers[i] = (answer,)
        return outcomes

    def answer(self, group: dict[int, Call], outcomes: list[Outcome]) -> list[Any]:
        """The parts of one joint evaluation; an error goes to all who asked."""
        calls = list(group.values())
        before = self.prior.meter.nfe
        x, cond = (join([getattr(call, name) for call in calls]) for name in ("x", "cond"))
        try:
            eps = self.predict(x, calls[0].t, cond, calls[0].guidance)
        except Exception as error:
            return [error] * len(calls)
        each = (self.prior.meter.nfe - before) // len(x)
        for i, call in group.items():
            outcomes[i].nfe += each * len(call.x)
        return list(eps.split([len(call.x) for call in calls]))

    def predict(self, x: Tensor, t: int, cond: Any, guidance: float) -> Tensor:
        """The prior's answer for all rows of x, in pieces that fit."""
        size, before = min(self.limit or len(x), len(x)), self.prior.meter.nfe
        parts = [(x[rows], take(cond, rows, len(x))) for rows in pieces(len(x), size)]
        try:
            return torch.cat([self.prior.predict(y, t, part, guidance) for y, part in parts])
        except torch.OutOfMemoryError:
            if size == 1:
                raise
        self.limit, self.prior.meter.nfe = size // 2, before
        log.warning("out of memory with %d views; going on with %d at once", size, size // 2)
        return self.predict(x, t, cond, guidance)


class Guest:
    """The prior as one sample sees it: `predict` waits for the others, all else is the prior's."""

    def __init__(self, prior: Any, host: greenlet, outcome: Outcome) -> None:
        self._prior, self._host, self._outcome = prior, host, outcome

    def __getattr__(self, name: str) -> Any:
        return getattr(self._prior, name)

    def predict(self, x: Tensor, t: int, cond: Any, guidance: float) -> Tensor:
        if x.requires_grad and torch.is_grad_enabled():
            return self._alone(x, t, cond, guidance)
        answer = self._host.switch(Call(x, t, cond, guidance))
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _alone(self, *call: Any) -> Tensor:
        """A call that will be differentiated shares no graph with other samples."""
        before = self._prior.meter.nfe
        eps = self._prior.predict(*call)
        self._outcome.nfe += self._prior.meter.nfe - before
        return eps


def settle(task: Callable[[Any], Any], guest: Guest) -> None:
    """Runs a task to its end and keeps what came of it."""
    try:
        guest._outcome.result = task(guest)
    except Exception as error:
        guest._outcome.error = error


def grouped(calls: dict[int, Call]) -> Iterator[dict[int, Call]]:
    """Calls that can be joined, group by group."""
    groups: dict[tuple[Any, ...], dict[int, Call]] = {}
    for i, call in calls.items():
        groups.setdefault(call.key, {})[i] = call
    yield from groups.values()


def pieces(count: int, size: int) -> list[slice]:
    return [slice(start, start + size) for start in range(0, count, size)]


def kind(cond: Any, rows: int) -> Any:
    """What conditions must share to be joined: all that is not one row for each view."""
    if by_row(cond, rows):
        return cond.shape[1:], cond.dtype
    if is_dataclass(cond):
        parts = (kind(getattr(cond, field.name), rows) for field in fields(cond))
        return type(cond), *parts
    if isinstance(cond, str | int | float | None):
        return cond
    return id(cond) if getattr(cond, "__dict__", True) else type(cond)


def join(parts: Sequence[Any]) -> Any:
    """Tensors one after the other, conditions field by field; the rest is equal in all parts."""
    if len(parts) == 1:
        return parts[0]
    if isinstance(parts[0], Tensor):
        return torch.cat(list(parts))
    return each_field(parts[0], lambda name: join([getattr(part, name) for part in parts]))


def take(cond: Any, rows: slice, total: int) -> Any:
    """The conditions of some of the views."""
    if by_row(cond, total):
        return cond[rows]
    return each_field(cond, lambda name: take(getattr(cond, name), rows, total))


def by_row(value: Any, rows: int) -> bool:
    """Whether a value holds one row for each view."""
    return isinstance(value, Tensor) and value.ndim > 0 and len(value) == rows


def each_field(cond: Any, change: Callable[[str], Any]) -> Any:
    """A dataclass with every field changed; anything else as it is."""
    if not is_dataclass(cond) or isinstance(cond, type):
        return cond
    return replace(cond, **{field.name: change(field.name) for field in fields(cond)})
