"""The sixty ways to synchronise that SyncTweedies compares, as a table (Kim et al. 2024).

In the papers' letters: e(x) the network's noise, psi(x, e) Tweedie's x0, phi(x, x0) one DDIM step
with the noise re-derived from its arguments, f the projection to the views, g its inverse, fg both.
x is the state of the views, z the canonical one; the state lives in the instance space, in the
canonical space, or in both.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from torch import Tensor

from synclab.core.protocols import Cond, Denoiser, Space, Views
from synclab.core.sync import gather, project

Case = Literal["instance_eps", "instance_x0", "instance_x", "canonical_eps", "canonical_x0"]
CASES: dict[str, int] = {
    "instance_eps": 1,
    "instance_x0": 2,
    "instance_x": 3,
    "canonical_eps": 4,
    "canonical_x0": 5,
}
"""The paper's five cases: where the state lives, and what is averaged."""


def once(operator: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Applied twice to the same tensors, an operator of a step answers from memory."""

    def apply(o: "Algebra", *values: Tensor) -> Tensor:
        key = (operator.__name__, *map(id, values))
        if key not in o.known:
            o.known[key] = (operator(o, *values), values)  # values stay alive, so ids stay theirs
        return o.known[key][0]

    return apply


@dataclass(frozen=True)
class Algebra:
    """The operators of the table at one step from t to s."""

    prior: Denoiser
    space: Space
    views: Views
    cond: Cond
    guidance: float
    t: int
    s: int
    known: dict[tuple, tuple] = field(default_factory=dict)

    @once
    def e(self, x: Tensor) -> Tensor:
        return self.prior.predict(x, self.t, self.cond, self.guidance)

    def psi(self, x: Tensor, eps: Tensor) -> Tensor:
        return self.prior.schedule.x0(x, eps, self.t)

    def phi(self, x: Tensor, x0: Tensor) -> Tensor:
        return self.prior.schedule.ddim(x, x0, self.t, self.s)

    @once
    def f(self, z: Tensor) -> Tensor:
        return project(self.space, z, self.views)

    @once
    def g(self, x: Tensor) -> Tensor:
        return gather(self.space, x, self.views)

    def fg(self, x: Tensor) -> Tensor:
        return self.f(self.g(x))


def avg(a: Tensor, b: Tensor) -> Tensor:
    return (a + b) / 2


def switches(letters: str) -> Callable[[Algebra, Tensor], Tensor]:
    """x' = phi(x, d psi(x, b e(x))) with fg applied at the letters.

    a: to the network's input, b: to its output, c: to x inside psi, d: to x0, e: to x inside phi.
    """

    def step(o: Algebra, x: Tensor) -> Tensor:
        synced = o.fg(x) if set(letters) & set("ace") else x
        eps = o.e(synced if "a" in letters else x)
        eps = o.fg(eps) if "b" in letters else eps
        x0 = o.psi(synced if "c" in letters else x, eps)
        x0 = o.fg(x0) if "d" in letters else x0
        return o.phi(synced if "e" in letters else x, x0)

    return step


def plain(o: Algebra, x: Tensor) -> Tensor:
    """Every view on its own."""
    return o.phi(x, o.psi(x, o.e(x)))


def average_noise(o: Algebra, z: Tensor) -> Tensor:
    """Code 4, Visual Anagrams: the state is canonical, the noise is averaged."""
    return o.phi(z, o.psi(z, o.g(o.e(o.f(z)))))


SWITCHES = {
    **{0: "", 1: "b", 2: "d", 7: "a", 8: "ab", 9: "c", 10: "ac", 11: "bc", 12: "abc", 13: "ad"},
    **{14: "bd", 15: "abd", 16: "cd", 17: "acd", 18: "bcd", 19: "abcd", 20: "e", 21: "ae"},
    **{22: "be", 23: "abe", 24: "ce", 25: "bce", 26: "abce", 27: "de", 28: "ade", 29: "bde"},
    **{30: "abde", 31: "cde", 32: "acde", 33: "bcde", 34: "abcde"},
}

INSTANCE: dict[int, Callable[[Algebra, Tensor], Tensor]] = {
    **{code: switches(letters) for code, letters in SWITCHES.items()},
    3: lambda o, x: o.fg(plain(o, x)),
    35: lambda o, x: o.phi(x, o.f(o.psi(o.g(x), o.g(o.e(x))))),
    36: lambda o, x: o.phi(x, o.f(o.psi(o.g(x), o.g(o.e(o.fg(x)))))),
    37: lambda o, x: o.phi(o.fg(x), o.f(o.psi(o.g(x), o.g(o.e(x))))),
    38: lambda o, x: o.phi(o.fg(x), o.f(o.psi(o.g(x), o.g(o.e(o.fg(x)))))),
    39: lambda o, x: o.f(o.phi(o.g(x), o.psi(o.g(x), o.g(o.e(x))))),
    40: lambda o, x: o.f(o.phi(o.g(x), o.psi(o.g(x), o.g(o.e(o.fg(x)))))),
    41: lambda o, x: o.f(o.phi(o.g(x), o.g(o.psi(x, o.e(x))))),
    42: lambda o, x: o.f(o.phi(o.g(x), o.g(o.psi(x, o.e(o.fg(x)))))),
    43: lambda o, x: o.f(o.phi(o.g(x), o.g(o.psi(x, o.fg(o.e(x)))))),
    44: lambda o, x: o.f(o.phi(o.g(x), o.g(o.psi(x, o.fg(o.e(o.fg(x))))))),
    45: lambda o, x: o.f(o.phi(o.g(x), o.g(o.psi(o.fg(x), o.e(x))))),
    46: lambda o, x: o.f(o.phi(o.g(x), o.g(o.psi(o.fg(x), o.e(o.fg(x)))))),
    47: lambda o, x: o.f(o.phi(o.g(x), o.g(o.psi(o.fg(x), o.fg(o.e(x)))))),
    48: lambda o, x: o.f(o.phi(o.g(x), o.g(o.psi(o.fg(x), o.fg(o.e(o.fg(x))))))),
}
"""x' from x; the result is read as g(x)."""

CANONICAL: dict[int, Callable[[Algebra, Tensor], Tensor]] = {
    4: average_noise,
    5: lambda o, z: o.phi(z, o.g(o.psi(o.f(z), o.e(o.f(z))))),
    6: lambda o, z: o.g(plain(o, o.f(z))),
    49: lambda o, z: o.phi(z, o.g(o.psi(o.f(z), o.fg(o.e(o.f(z)))))),
    50: lambda o, z: o.g(o.phi(o.f(z), o.psi(o.f(z), o.fg(o.e(o.f(z)))))),
    51: lambda o, z: o.g(o.phi(o.f(z), o.fg(o.psi(o.f(z), o.e(o.f(z)))))),
    52: lambda o, z: o.g(o.phi(o.f(z), o.fg(o.psi(o.f(z), o.fg(o.e(o.f(z))))))),
    53: lambda o, z: o.g(o.phi(o.f(z), o.f(o.psi(z, o.g(o.e(o.f(z))))))),
}
"""z' from z."""

JOINT: dict[int, Callable[[Algebra, Tensor, Tensor], tuple[Tensor, Tensor]]] = {
    54: lambda o, x, z: (
        o.phi(x, o.psi(x, o.f(avg(o.g(o.e(x)), o.g(o.e(o.f(z))))))),
        average_noise(o, z),
    ),
    55: lambda o, x, z: (
        o.phi(x, o.f(avg(o.g(o.psi(x, o.e(x))), o.psi(z, o.g(o.e(o.f(z))))))),
        average_noise(o, z),
    ),
    56: lambda o, x, z: (o.f(avg(o.g(plain(o, x)), average_noise(o, z))), average_noise(o, z)),
    57: lambda o, x, z: (
        plain(o, x),
        o.phi(z, o.psi(z, avg(o.g(o.e(o.f(z))), o.g(o.e(x))))),
    ),
    58: lambda o, x, z: (
        plain(o, x),
        o.phi(z, avg(o.g(o.psi(o.f(z), o.e(o.f(z)))), o.g(o.psi(x, o.e(x))))),
    ),
    59: lambda o, x, z: (plain(o, x), avg(o.g(plain(o, o.f(z))), o.g(plain(o, x)))),
}
"""(x', z') from both; the result is read as g(x) for 54 to 56, as z for 57 to 59."""

READ_FROM_VIEWS = {*INSTANCE, 54, 55, 56}


def advance(code: int, o: Algebra, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
    """(x', z') of a strategy; the state that it does not have stays as it is."""
    if code in INSTANCE:
        return INSTANCE[code](o, x), z
    if code in CANONICAL:
        return x, CANONICAL[code](o, z)
    return JOINT[code](o, x, z)
