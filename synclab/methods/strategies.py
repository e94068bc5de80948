"""The sixty ways to synchronise that SyncTweedies compares, as a table (Kim et al. 2024).

In the papers' letters: e(x) the network's noise, psi(x, e) Tweedie's x0, phi(x, x0) one DDIM step
with the noise re-derived from its arguments, f the projection to the views, g its inverse, fg both.
x is the state of the views, z the canonical one; the state lives in the instance space, in the
canonical space, or in both.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from torch import Tensor

from synclab.core.protocols import Cond, Denoiser, Space, Views
from synclab.core.sync import gather, pin, project

Case = Literal["instance_eps", "instance_x0", "instance_x", "canonical_eps", "canonical_x0"]
CASES: dict[str, int] = {
    "instance_eps": 1,
    "instance_x0": 2,
    "instance_x": 3,
    "canonical_eps": 4,
    "canonical_x0": 5,
}
"""The paper's five cases: where the state lives, and what is averaged."""


@dataclass(frozen=True)
class Algebra:
    """The operators of the table at one step from t to s, and what they make of its state (x, z).

    `ex` is e(x), `fgx` is f(g(x)) and so on: what a strategy may use several times is computed
    once, when it is first needed.
    """

    prior: Denoiser
    space: Space
    views: Views
    cond: Cond
    guidance: float
    t: int
    s: int
    x: Tensor
    z: Tensor

    def e(self, x: Tensor) -> Tensor:
        return self.prior.predict(x, self.t, self.cond, self.guidance)

    def psi(self, x: Tensor, eps: Tensor) -> Tensor:
        return self.prior.schedule.x0(x, eps, self.t)

    def phi(self, x: Tensor, x0: Tensor) -> Tensor:
        return self.prior.schedule.ddim(x, x0, self.t, self.s)

    def f(self, z: Tensor) -> Tensor:
        return project(self.space, z, self.views)

    def g(self, x: Tensor) -> Tensor:
        return gather(self.space, x, self.views)

    def fg(self, x: Tensor) -> Tensor:
        """Synchronises x; beside an object every view keeps its own values."""
        return self.space.overlay(x, self.f(self.g(x)), self.views)

    def fg0(self, x0: Tensor) -> Tensor:
        """Synchronises clean estimates; a known region takes part."""
        return self.space.overlay(x0, self.f(pin(self.space, self.g(x0))), self.views)

    @cached_property
    def ex(self) -> Tensor:
        return self.e(self.x)

    @cached_property
    def gx(self) -> Tensor:
        return self.g(self.x)

    @cached_property
    def fgx(self) -> Tensor:
        return self.space.overlay(self.x, self.f(self.gx), self.views)

    @cached_property
    def fz(self) -> Tensor:
        return self.f(self.z)

    @cached_property
    def efz(self) -> Tensor:
        return self.e(self.fz)

    @cached_property
    def gefz(self) -> Tensor:
        return self.g(self.efz)


def avg(a: Tensor, b: Tensor) -> Tensor:
    return (a + b) / 2


def switches(letters: str) -> Callable[[Algebra], Tensor]:
    """x' = phi(x, d psi(x, b e(x))) with fg applied at the letters.

    a: to the network's input, b: to its output, c: to x inside psi, d: to x0, e: to x inside phi.
    """

    def step(o: Algebra) -> Tensor:
        eps = o.e(o.fgx) if "a" in letters else o.ex
        eps = o.fg(eps) if "b" in letters else eps
        x0 = o.psi(o.fgx if "c" in letters else o.x, eps)
        x0 = o.fg0(x0) if "d" in letters else x0
        return o.phi(o.fgx if "e" in letters else o.x, x0)

    return step


def plain(o: Algebra) -> Tensor:
    """Denoises every view independently."""
    return o.phi(o.x, o.psi(o.x, o.ex))


def plain_from_canonical(o: Algebra) -> Tensor:
    """Denoises every view of the canonical state independently."""
    return o.phi(o.fz, o.psi(o.fz, o.efz))


def average_noise(o: Algebra) -> Tensor:
    """Code 4, Visual Anagrams: the state is canonical, the noise is averaged."""
    return o.phi(o.z, o.psi(o.z, o.gefz))


SWITCHES = {
    **{0: "", 1: "b", 2: "d", 7: "a", 8: "ab", 9: "c", 10: "ac", 11: "bc", 12: "abc", 13: "ad"},
    **{14: "bd", 15: "abd", 16: "cd", 17: "acd", 18: "bcd", 19: "abcd", 20: "e", 21: "ae"},
    **{22: "be", 23: "abe", 24: "ce", 25: "bce", 26: "abce", 27: "de", 28: "ade", 29: "bde"},
    **{30: "abde", 31: "cde", 32: "acde", 33: "bcde", 34: "abcde"},
}

INSTANCE: dict[int, Callable[[Algebra], Tensor]] = {
    **{code: switches(letters) for code, letters in SWITCHES.items()},
    3: lambda o: o.fg(plain(o)),
    35: lambda o: o.phi(o.x, o.f(o.psi(o.gx, o.g(o.ex)))),
    36: lambda o: o.phi(o.x, o.f(o.psi(o.gx, o.g(o.e(o.fgx))))),
    37: lambda o: o.phi(o.fgx, o.f(o.psi(o.gx, o.g(o.ex)))),
    38: lambda o: o.phi(o.fgx, o.f(o.psi(o.gx, o.g(o.e(o.fgx))))),
    39: lambda o: o.f(o.phi(o.gx, o.psi(o.gx, o.g(o.ex)))),
    40: lambda o: o.f(o.phi(o.gx, o.psi(o.gx, o.g(o.e(o.fgx))))),
    41: lambda o: o.f(o.phi(o.gx, o.g(o.psi(o.x, o.ex)))),
    42: lambda o: o.f(o.phi(o.gx, o.g(o.psi(o.x, o.e(o.fgx))))),
    43: lambda o: o.f(o.phi(o.gx, o.g(o.psi(o.x, o.fg(o.ex))))),
    44: lambda o: o.f(o.phi(o.gx, o.g(o.psi(o.x, o.fg(o.e(o.fgx)))))),
    45: lambda o: o.f(o.phi(o.gx, o.g(o.psi(o.fgx, o.ex)))),
    46: lambda o: o.f(o.phi(o.gx, o.g(o.psi(o.fgx, o.e(o.fgx))))),
    47: lambda o: o.f(o.phi(o.gx, o.g(o.psi(o.fgx, o.fg(o.ex))))),
    48: lambda o: o.f(o.phi(o.gx, o.g(o.psi(o.fgx, o.fg(o.e(o.fgx)))))),
}
"""x' from x; the result is read as g(x)."""

CANONICAL: dict[int, Callable[[Algebra], Tensor]] = {
    4: average_noise,
    5: lambda o: o.phi(o.z, o.g(o.psi(o.fz, o.efz))),
    6: lambda o: o.g(plain_from_canonical(o)),
    49: lambda o: o.phi(o.z, o.g(o.psi(o.fz, o.fg(o.efz)))),
    50: lambda o: o.g(o.phi(o.fz, o.psi(o.fz, o.fg(o.efz)))),
    51: lambda o: o.g(o.phi(o.fz, o.fg(o.psi(o.fz, o.efz)))),
    52: lambda o: o.g(o.phi(o.fz, o.fg(o.psi(o.fz, o.fg(o.efz))))),
    53: lambda o: o.g(o.phi(o.fz, o.f(o.psi(o.z, o.gefz)))),
}
"""z' from z."""

JOINT: dict[int, Callable[[Algebra], tuple[Tensor, Tensor]]] = {
    54: lambda o: (o.phi(o.x, o.psi(o.x, o.f(avg(o.g(o.ex), o.gefz)))), average_noise(o)),
    55: lambda o: (
        o.phi(o.x, o.f(avg(o.g(o.psi(o.x, o.ex)), o.psi(o.z, o.gefz)))),
        average_noise(o),
    ),
    56: lambda o: (o.f(avg(o.g(plain(o)), average_noise(o))), average_noise(o)),
    57: lambda o: (plain(o), o.phi(o.z, o.psi(o.z, avg(o.gefz, o.g(o.ex))))),
    58: lambda o: (
        plain(o),
        o.phi(o.z, avg(o.g(o.psi(o.fz, o.efz)), o.g(o.psi(o.x, o.ex)))),
    ),
    59: lambda o: (plain(o), avg(o.g(plain_from_canonical(o)), o.g(plain(o)))),
}
"""(x', z') from both; the result is read as g(x) for 54 to 56, as z for 57 to 59."""

READ_FROM_VIEWS = {*INSTANCE, 54, 55, 56}


def advance(code: int, o: Algebra) -> tuple[Tensor, Tensor]:
    """(x', z') of a strategy; the state that it does not have stays as it is."""
    if code in INSTANCE:
        return INSTANCE[code](o), o.z
    if code in CANONICAL:
        return o.x, CANONICAL[code](o)
    return JOINT[code](o)
