"""What motions are called: requests as captions, and requests that a text makes."""

import itertools
import re
from collections.abc import Iterator

import numpy as np

from synclab.world.motion.requests import REQUESTS, Request

SUBJECTS = ("a person", "someone", "a man", "a woman", "the person", "the figure")

WAYS: dict[str, tuple[str, ...]] = {
    "walk": ("walk", "walk forward", "walk straight ahead", "walk forwards"),
    "walk backward": ("walk backward", "walk backwards", "walk in reverse"),
    "run": ("run", "run forward", "jog"),
    "turn left": ("turn left", "turn to the left", "turn around to the left"),
    "turn right": ("turn right", "turn to the right", "turn around to the right"),
    "circle left": ("walk in a circle to the left", "walk in a left circle", "circle left"),
    "circle right": ("walk in a circle to the right", "walk in a right circle", "circle right"),
    "step left": ("step sideways to the left", "side-step left", "step left"),
    "step right": ("step sideways to the right", "side-step right", "step right"),
    "crouch": ("crouch", "crouch down", "squat"),
    "sneak": ("sneak", "sneak forward", "walk crouched"),
    "jump": ("jump", "jump up and down", "jump in place"),
    "wave right": ("wave", "wave with the right hand", "wave the right hand"),
    "wave left": ("wave with the left hand", "wave the left hand"),
    "wave both": ("wave both hands", "wave with both hands", "wave with both arms"),
    "sit": ("sit down", "sit", "take a seat"),
    "stand": ("stand still", "stand", "wait"),
    "raise arms": ("raise both arms", "raise the arms", "lift both arms"),
    "kick right": ("kick", "kick with the right leg", "kick with the right foot"),
    "kick left": ("kick with the left leg", "kick with the left foot"),
    "bow": ("bow", "bow down", "bend forward"),
    "march": ("march", "march forward", "walk with high knees"),
}
"""Kinds of motion and what they are called, the plainest first."""

SPEEDS = {"slow": ("slowly",), "normal": ("",), "quick": ("quickly", "fast")}
STYLES = {"plain": ("",), "happy": ("happily", "cheerfully"), "tired": ("tiredly", "sadly")}

GERUNDS = {
    "run": "running", "jog": "jogging", "squat": "squatting", "wave": "waving", "raise": "raising",
    "sit": "sitting", "take": "taking", "circle": "circling",
}  # fmt: skip
"""Progressive forms that are more than the verb and "ing"."""


def conjugated(phrase: str) -> tuple[str, str, str]:
    """A phrase in the imperative, the third person and the progressive."""
    verb, _, rest = phrase.partition(" ")
    third = verb + ("es" if verb.endswith("ch") else "s")
    progressive = GERUNDS.get(verb, f"{verb}ing")
    return phrase, f"{third} {rest}".strip(), f"{progressive} {rest}".strip()


def caption(request: Request, generator: np.random.Generator) -> str:
    """One of the wordings of a request."""
    phrase, third, progressive = conjugated(pick(WAYS[request.kind], generator))
    adverbs = [pick(SPEEDS[request.speed], generator), pick(STYLES[request.style], generator)]
    ending = " ".join(filter(None, adverbs))
    subject = pick(SUBJECTS, generator)
    sentence = pick((phrase, f"{subject} {third}", f"{subject} is {progressive}"), generator)
    return f"{sentence} {ending}".strip()


def plain(request: Request) -> str:
    """The plainest wording of a request: "a person walks forward slowly"."""
    adverbs = (SPEEDS[request.speed][0], STYLES[request.style][0])
    return " ".join(filter(None, ("a person", conjugated(WAYS[request.kind][0])[1], *adverbs)))


def pick(choices: tuple[str, ...], generator: np.random.Generator) -> str:
    return choices[generator.integers(len(choices))]


def asked(text: str) -> Request | None:
    """The request that a text makes in the words of the captions; None if it names no kind."""
    kinds = {kind: tuple(itertools.chain(*map(conjugated, own))) for kind, own in WAYS.items()}
    kind = named(text, kinds)
    if kind is None:
        return None
    speed, style = named(text, SPEEDS) or "normal", named(text, STYLES) or "plain"
    return next(
        own
        for own in (Request(kind, speed, style), Request(kind, speed), Request(kind))
        if own in REQUESTS
    )


def named(text: str, phrases: dict[str, tuple[str, ...]]) -> str | None:
    """The name of the longest phrase that occurs in a text; None if none does."""
    known = f" {' '.join(words(text))} "
    spoken = [(" ".join(words(p)), name) for name, own in phrases.items() for p in own if p]
    found = [(len(p), name) for p, name in spoken if f" {p} " in known]
    return max(found)[1] if found else None


def words(text: str) -> list[str]:
    """The words of a text in lower case."""
    return re.findall(r"[a-z0-9]+", text.lower())


def vocabulary() -> list[str]:
    """All words of the captions, in order."""
    return sorted(set(itertools.chain(*map(words, wordings()))))


def wordings() -> Iterator[str]:
    yield from SUBJECTS
    yield "is"
    for phrases in WAYS.values():
        for phrase in phrases:
            yield from conjugated(phrase)
    for adverbs in (*SPEEDS.values(), *STYLES.values()):
        yield from adverbs
