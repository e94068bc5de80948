"""What can be asked of the world of motion: a kind of motion with a speed and a style."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Request:
    """A kind of motion, and how it is done.

    Args:
        speed: "slow", "normal" or "quick".
        style: "plain", "happy" or "tired".
    """

    kind: str
    speed: str = "normal"
    style: str = "plain"


MOVING = ("walk", "walk backward", "run", "circle left", "circle right", "sneak", "march")
"""Kinds that have a style."""

PACED = (*MOVING, "turn left", "turn right", "step left", "step right")
"""Kinds that have a speed."""

SETTLED = (
    "crouch", "jump", "wave right", "wave left", "wave both", "sit", "stand", "raise arms",
    "kick right", "kick left", "bow",
)  # fmt: skip
"""Kinds that are done on the spot, at one speed."""

REQUESTS: tuple[Request, ...] = (
    *(Request(kind, speed) for kind in PACED for speed in ("slow", "normal", "quick")),
    *(Request(kind, "normal", style) for kind in MOVING for style in ("happy", "tired")),
    *(Request(kind) for kind in SETTLED),
)
"""All requests that the world can answer."""
