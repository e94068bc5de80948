"""How each kind of motion drives the body: controls over time.

Controls are arrays (T,) by name; what an action leaves out is as in `NEUTRAL`. Angles are in
radians, lengths in metres, times in seconds.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from synclab.world.motion.requests import Request

Controls = dict[str, np.ndarray]

NEUTRAL = {
    "forward": 0.0,  # speed of the body, metres per second
    "left": 0.0,
    "turn": 0.0,  # to the left, radians per second
    "cadence": 0.8,  # cycles of two steps, per second
    "stance": 0.65,  # part of a cycle that a foot is on the ground
    "drop": 0.03,  # of the pelvis, below a straight stand
    "back": 0.0,  # of the pelvis, behind the feet
    "bounce": 0.0,  # of the pelvis with every step
    "air": 0.0,  # of both feet above the ground
    "knees": 0.0,  # height that a foot is raised by in a step, besides the usual
    "lean": 0.04,  # of the trunk, forward
    "swing": 0.05,  # of the arms with the steps
    "bend": 0.25,  # of the elbows
    "raise_left": 0.12,  # of an arm, from hanging to the side and up
    "raise_right": 0.12,
    "wave_left": 0.0,  # of a forearm
    "wave_right": 0.0,
    "kick_left": 0.0,  # part of a full kick
    "kick_right": 0.0,
}
"""Names of all controls, and their values when standing."""


@dataclass(frozen=True)
class Manner:
    """How fast an action is done, and what varies between two people who do it.

    Args:
        pace: 1 for the usual speed.
        size: 1 for the usual reach of arms and depth of bends.
        start: offset of what repeats, in periods.
    """

    pace: float
    size: float
    start: float


def walk(t: np.ndarray, m: Manner, speed: float = 0.95) -> Controls:
    return steady(
        t,
        forward=speed * m.pace,
        cadence=0.85 * m.pace**0.5,
        drop=0.045,
        swing=0.4 * m.size * m.pace**0.5,
        bounce=0.015,
    )


def run(t: np.ndarray, m: Manner) -> Controls:
    return steady(
        t, forward=2.2 * m.pace, cadence=1.35 * m.pace**0.5, stance=0.4, drop=0.08, lean=0.18,
        swing=0.7 * m.size, bend=1.4, bounce=0.035, knees=0.08,
    )  # fmt: skip


def turn(t: np.ndarray, m: Manner, side: float) -> Controls:
    return steady(t, turn=side * 0.8 * m.pace, cadence=1.0, swing=0.12)


def circle(t: np.ndarray, m: Manner, side: float) -> Controls:
    return {**walk(t, m, 0.8), **steady(t, turn=side * 0.65 * m.pace)}


def side_step(t: np.ndarray, m: Manner, side: float) -> Controls:
    return steady(t, left=side * 0.45 * m.pace, cadence=0.9 * m.pace**0.5, drop=0.05)


def crouch(t: np.ndarray, m: Manner) -> Controls:
    down = rise(t, 0.9)
    arms = 0.12 + 0.3 * down
    return {
        "drop": 0.03 + 0.36 * m.size * down, "back": 0.12 * down, "lean": 0.04 + 0.55 * down,
        "raise_left": arms, "raise_right": arms, **steady(t, bend=0.9),
    }  # fmt: skip


def sneak(t: np.ndarray, m: Manner) -> Controls:
    crouched = steady(t, drop=0.2 * m.size, lean=0.45, bend=0.9, swing=0.1, back=0.05)
    return {**walk(t, m, 0.55), **crouched}


def jump(t: np.ndarray, m: Manner) -> Controls:
    phase = (t / 1.3 + m.start) % 1
    squat = bump(phase, 0.0, 0.5) + 0.5 * bump(phase, 0.8, 1.0)
    flight = bump(phase, 0.47, 0.82)
    arms = 0.12 + 1.2 * m.size * flight
    return {
        "drop": 0.03 + 0.16 * squat, "back": 0.06 * squat, "lean": 0.04 + 0.3 * squat,
        "air": 0.22 * m.size * flight, "raise_left": arms, "raise_right": arms,
        **steady(t, bend=0.7),
    }  # fmt: skip


def wave(t: np.ndarray, m: Manner, *sides: str) -> Controls:
    up = 0.12 + (2.0 * m.size - 0.12) * rise(t, 0.6)
    raised = {f"raise_{side}": up for side in sides}
    waved = {f"wave_{side}": 0.55 * m.size * rise(t, 0.6) for side in sides}
    return {**raised, **waved}


def sit(t: np.ndarray, m: Manner) -> Controls:
    down = rise(t, 1.4)
    lean = 0.05 + 0.4 * bump(t / 1.6, 0.0, 1.0)
    return {"drop": 0.03 + 0.43 * down, "back": 0.36 * down, "lean": lean, **steady(t, bend=0.5)}


def stand(t: np.ndarray, m: Manner) -> Controls:
    return {}


def raise_arms(t: np.ndarray, m: Manner) -> Controls:
    up = 0.12 + (2.75 * m.size - 0.12) * rise(t, 0.9)
    return {"raise_left": up, "raise_right": up, **steady(t, bend=0.05)}


def kick(t: np.ndarray, m: Manner, side: str) -> Controls:
    phase = (t / 1.5 + m.start) % 1
    strength = bump(phase, 0.3, 0.8)
    return {f"kick_{side}": m.size * strength, "lean": 0.04 - 0.2 * strength}


def bow(t: np.ndarray, m: Manner) -> Controls:
    down = bump((t / 2.6 + m.start) % 1, 0.1, 0.9)
    return {"lean": 0.04 + 1.0 * m.size * down, "back": 0.1 * down}


def march(t: np.ndarray, m: Manner) -> Controls:
    return {**walk(t, m, 0.65), **steady(t, knees=0.28 * m.size, swing=0.7 * m.size)}


ACTIONS: dict[str, Callable[[np.ndarray, Manner], Controls]] = {
    "walk": walk,
    "walk backward": lambda t, m: walk(t, m, -0.65),
    "run": run,
    "turn left": lambda t, m: turn(t, m, 1),
    "turn right": lambda t, m: turn(t, m, -1),
    "circle left": lambda t, m: circle(t, m, 1),
    "circle right": lambda t, m: circle(t, m, -1),
    "step left": lambda t, m: side_step(t, m, 1),
    "step right": lambda t, m: side_step(t, m, -1),
    "crouch": crouch,
    "sneak": sneak,
    "jump": jump,
    "wave right": lambda t, m: wave(t, m, "right"),
    "wave left": lambda t, m: wave(t, m, "left"),
    "wave both": lambda t, m: wave(t, m, "left", "right"),
    "sit": sit,
    "stand": stand,
    "raise arms": raise_arms,
    "kick right": lambda t, m: kick(t, m, "right"),
    "kick left": lambda t, m: kick(t, m, "left"),
    "bow": bow,
    "march": march,
}
"""Controls of each kind at times t since its start; t < 0 is before it begins."""

PACES = {"slow": 0.62, "normal": 1.0, "quick": 1.4}

STYLES = {
    "plain": {"scale": 1.0, "lean": 0.0, "bounce": 0.0, "pace": 1.0},
    "happy": {"scale": 1.5, "lean": -0.08, "bounce": 0.03, "pace": 1.1},
    "tired": {"scale": 0.35, "lean": 0.3, "bounce": 0.0, "pace": 0.75},
}
"""Factor of the arms' swing, added lean and bounce, and factor of the pace."""


def act(request: Request, t: np.ndarray, generator: np.random.Generator) -> Controls:
    """All controls of a request at times t, in a manner drawn from the generator."""
    style = STYLES[request.style]
    vary = 1 + 0.08 * generator.standard_normal(2).clip(-2, 2)
    pace = PACES[request.speed] * style["pace"] * vary[0]
    manner = Manner(pace, float(vary[1]), float(generator.random()))
    controls = {**steady(t, **NEUTRAL), **ACTIONS[request.kind](t, manner)}
    controls["swing"] = controls["swing"] * style["scale"]
    controls["lean"] = controls["lean"] + style["lean"]
    controls["bounce"] = controls["bounce"] + style["bounce"]
    return controls


def steady(t: np.ndarray, **values: float) -> Controls:
    """Controls that stay as they are."""
    return {name: np.full(t.shape, value) for name, value in values.items()}


def rise(t: np.ndarray, seconds: float) -> np.ndarray:
    """0 before time 0, then smoothly up to 1 within some seconds."""
    return smooth(np.clip(t / seconds, 0, 1))


def bump(phase: np.ndarray, start: float, end: float) -> np.ndarray:
    """From 0 up to 1 and back to 0 between two phases, with level ends."""
    inside = np.clip((phase - start) / (end - start), 0, 1)
    return np.sin(np.pi * inside) ** 2


def smooth(x: np.ndarray) -> np.ndarray:
    """0 to 1 with level ends (smoothstep of fifth order: no jump in acceleration)."""
    return x**3 * (10 - 15 * x + 6 * x**2)
