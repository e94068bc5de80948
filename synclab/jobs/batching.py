"""Batches the network calls of several samples, transparently to their methods.

Each sample is a coroutine (a greenlet, so everything runs in one thread and in a fixed order). It
pauses where its method calls the denoiser; once all have paused, calls with the same time and
guidance are evaluated together and every sample resumes with its part.

A sample's result does not depend on its batch, except for the rounding of kernels that libraries
choose by batch size: four prompts of the embedded prior in one batch differ from single runs by one
grey level in 2e-5 of all values, the exact priors not at all.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import torch
from greenlet import getcurrent, greenlet
from torch import Tensor

from synclab.core.protocols import Cond, Denoiser, Prior
from synclab.core.schedule import Schedule

log = logging.getLogger(__name__)

Result = TypeVar("Result")

Key = tuple[int, float, torch.Size, torch.dtype]
"""Calls of equal keys can be joined: time, guidance, shape of a view, precision."""


@dataclass(frozen=True)
class Call:
    """One sample's call of the network."""

    x: Tensor
    t: int
    cond: Cond
    guidance: float

    @property
    def key(self) -> Key:
        return self.t, self.guidance, self.x.shape[1:], self.x.dtype


@dataclass(frozen=True)
class Done(Generic[Result]):
    """A finished task: its return value and the number of denoiser inputs it used."""

    result: Result
    nfe: int


@dataclass(frozen=True)
class Failed:
    """A task that ended in an error."""

    error: Exception


class Batcher:
    """Runs several tasks on one prior.

    When the network runs out of memory, the batch is halved for this and all later calls.
    """

    def __init__(self, prior: Prior) -> None:
        self.prior = prior
        self.limit: int | None = None
        """Largest number of views per call; None until a call ran out of memory."""

    def run(self, tasks: Sequence[Callable[[Denoiser], Result]]) -> list[Done[Result] | Failed]:
        """Runs tasks (functions of a denoiser) concurrently and returns their outcomes in order.

        An exception in a task ends only that task; an exit or an interrupt ends all.
        """
        guests = [Guest(self.prior, getcurrent()) for _ in tasks]
        running = {i: greenlet(settle) for i in range(len(tasks))}
        outcomes: dict[int, Done[Result] | Failed] = {}
        answers: dict[int, tuple[object, ...]] = {i: (tasks[i], guests[i]) for i in running}
        while running:
            reached = {i: running[i].switch(*answers[i]) for i in running}
            outcomes |= {i: reached[i] for i in running if running[i].dead}
            running = {i: task for i, task in running.items() if not task.dead}
            answers = {}
            for group in grouped({i: reached[i] for i in running}):
                for i, answer in zip(group, self.answer(group, guests), strict=True):
                    answers[i] = (answer,)
        return [outcomes[i] for i in range(len(tasks))]

    def answer(
        self, group: dict[int, Call], guests: Sequence["Guest"]
    ) -> Sequence[Tensor | Exception]:
        """Evaluates calls together and splits the result; an error goes to every caller."""
        calls, before = list(group.values()), self.prior.meter.nfe
        x, cond = joined(calls)
        try:
            eps = self.predict(x, calls[0].t, cond, calls[0].guidance)
        except Exception as error:
            return [error] * len(calls)
        each = (self.prior.meter.nfe - before) // len(x)
        for i, call in group.items():
            guests[i].nfe += each * len(call.x)
        return eps.split([len(call.x) for call in calls])

    def predict(self, x: Tensor, t: int, cond: Cond, guidance: float) -> Tensor:
        """The prior's prediction for all rows of x, in chunks that fit into memory."""
        size, before = min(self.limit or len(x), len(x)), self.prior.meter.nfe
        parts = [(x[rows], cond.take(rows)) for rows in pieces(len(x), size)]
        try:
            return torch.cat([self.prior.predict(y, t, part, guidance) for y, part in parts])
        except torch.OutOfMemoryError:
            if size == 1:
                raise
        self.limit, self.prior.meter.nfe = size // 2, before
        log.warning("out of memory with %d views; continuing with %d per call", size, size // 2)
        return self.predict(x, t, cond, guidance)


class Guest:
    """One task's denoiser, whose `predict` waits for the other tasks.

    `nfe` counts only this task's inputs.
    """

    def __init__(self, prior: Prior, host: greenlet) -> None:
        self.prior, self.host, self.nfe = prior, host, 0

    @property
    def schedule(self) -> Schedule:
        return self.prior.schedule

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.prior.shape

    def distance(self, x0: Tensor, other: Tensor) -> Tensor:
        return self.prior.distance(x0, other)

    def predict(self, x: Tensor, t: int, cond: Cond, guidance: float) -> Tensor:
        if x.requires_grad and torch.is_grad_enabled():
            return self.predict_alone(x, t, cond, guidance)
        answer = self.host.switch(Call(x, t, cond, guidance))
        if isinstance(answer, Exception):
            raise answer
        return answer

    def predict_alone(self, x: Tensor, t: int, cond: Cond, guidance: float) -> Tensor:
        """Evaluates a call that will be differentiated separately from other samples."""
        before = self.prior.meter.nfe
        eps = self.prior.predict(x, t, cond, guidance)
        self.nfe += self.prior.meter.nfe - before
        return eps


def settle(task: Callable[[Denoiser], Result], guest: Guest) -> Done[Result] | Failed:
    """Runs a task and returns its result or its error."""
    try:
        result = task(guest)
    except Exception as error:
        return Failed(error)
    return Done(result, guest.nfe)


def grouped(calls: dict[int, Call]) -> Iterator[dict[int, Call]]:
    """Groups of calls that can be evaluated together."""
    groups: dict[Key, dict[int, Call]] = {}
    for i, call in calls.items():
        groups.setdefault(call.key, {})[i] = call
    yield from groups.values()


def joined(calls: Sequence[Call]) -> tuple[Tensor, Cond]:
    """Concatenated inputs and conditions of all calls."""
    first, *others = calls
    if not others:
        return first.x, first.cond
    return torch.cat([call.x for call in calls]), first.cond.join([call.cond for call in others])


def pieces(count: int, size: int) -> list[slice]:
    return [slice(start, start + size) for start in range(0, count, size)]
