"""How often raters prefer one method to another, with exact intervals."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Answer:
    """A rater's choice between the pictures of two methods of one item."""

    rater: str
    item: str
    chosen: str
    other: str


@dataclass(frozen=True)
class Preference:
    """How often `first` was chosen in the `n` comparisons with `second`."""

    first: str
    second: str
    chosen: int
    n: int

    @property
    def turned(self) -> "Preference":
        """The same comparisons, seen from the other method."""
        return Preference(self.second, self.first, self.n - self.chosen, self.n)

    @property
    def share(self) -> float:
        return self.chosen / self.n

    @property
    def interval(self) -> tuple[float, float]:
        return exact_interval(self.chosen, self.n)


def preferences(answers: Iterable[Answer]) -> list[Preference]:
    """The preference of each pair of methods, both in alphabetical order."""
    counts = Counter((*sorted((own.chosen, own.other)), own.chosen) for own in answers)
    pairs = sorted({(first, second) for first, second, _ in counts})
    return [Preference(a, b, counts[a, b, a], counts[a, b, a] + counts[a, b, b]) for a, b in pairs]


def exact_interval(chosen: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Clopper-Pearson interval of a binomial share (Biometrika 26, 1934).

    Its ends are the shares under which at least, or at most, as many as `chosen` of `n` have the
    probability (1 - confidence) / 2.
    """
    tail = (1 - confidence) / 2
    low = 0.0 if chosen == 0 else root(lambda share: at_least(chosen, n, share) - tail)
    high = 1.0 if chosen == n else root(lambda share: tail - 1 + at_least(chosen + 1, n, share))
    return low, high


def at_least(chosen: int, n: int, share: float) -> float:
    """Probability of at least `chosen` of `n` independent choices of probability `share`."""
    terms = (math.comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(chosen, n + 1))
    return math.fsum(terms)


def root(rising: Callable[[float], float]) -> float:
    """Where a rising function on [0, 1] crosses zero, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if rising(middle) > 0 else (middle, high)
    return (low + high) / 2


def agreement(answers: Iterable[Answer]) -> float | None:
    """Fleiss' kappa over the items with two raters or more (Psychological Bulletin 76, 1971).

    1 is full agreement, 0 what chance gives; None if no item has two raters or all choices are
    equal. Items may have different numbers of raters.
    """
    items = [tally for tally in tallies(answers) if sum(tally) > 1]
    total = sum(map(sum, items))
    if not total:
        return None
    shares = [sum(tally[side] for tally in items) / total for side in (0, 1)]
    by_chance = sum(share**2 for share in shares)
    observed = sum(map(agreeing, items)) / len(items)
    return None if by_chance == 1 else (observed - by_chance) / (1 - by_chance)


def tallies(answers: Iterable[Answer]) -> Sequence[tuple[int, int]]:
    """How often each item's first and second method, in alphabetical order, was chosen."""
    found: dict[tuple[str, str, str], Counter[bool]] = {}
    for own in answers:
        first, second = sorted((own.chosen, own.other))
        found.setdefault((own.item, first, second), Counter())[own.chosen == first] += 1
    return [(tally[True], tally[False]) for tally in found.values()]


def agreeing(tally: tuple[int, int]) -> float:
    """Share of the pairs of raters of an item that agree."""
    n = sum(tally)
    return sum(count * (count - 1) for count in tally) / (n * (n - 1))


def attentive(passed: Mapping[str, int], needed: int) -> set[str]:
    """The raters who passed at least `needed` vigilance items."""
    return {rater for rater, number in passed.items() if number >= needed}
