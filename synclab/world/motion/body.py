"""The body that follows controls: a path, planted feet, legs by inverse kinematics, arms.

A foot rests exactly where it was planted; in a step it goes on to where the body will be in the
middle of its next stance.
"""

import numpy as np

from synclab.world.motion.actions import Controls, smooth
from synclab.world.motion.skeleton import FPS, INDEX, JOINTS, LENGTHS, OFFSETS

SIDES = {"left": 1.0, "right": -1.0}

THIGH, SHIN = LENGTHS[INDEX["left_knee"]], LENGTHS[INDEX["left_ankle"]]
HIP = -OFFSETS[INDEX["left_hip"], 1]  # below the pelvis
ANKLE, TOES = OFFSETS[INDEX["left_foot"], 1:] * (-1, 1)  # height above the toes, length of a foot
SOLE = 0.02  # height of a resting foot joint
STRAIGHT = HIP + THIGH + SHIN + ANKLE + SOLE  # height of the pelvis of a straight stand
APART = 0.09  # of each foot from the middle
LONG = 0.25  # metres of a step at which a foot is raised in full


def place_joints(controls: Controls, generator: np.random.Generator) -> np.ndarray:
    """Joint positions (T, 22, 3) of controls (T,)."""
    yaw = generator.uniform(-np.pi, np.pi) + np.cumsum(controls["turn"]) / FPS
    phase = generator.random() + np.cumsum(controls["cadence"]) / FPS
    path = follow(controls, yaw)
    joints = np.zeros((len(yaw), len(JOINTS), 3))
    joints[:, 0] = pelvis = stand_over(controls, path, yaw, phase)
    for side, sign in SIDES.items():
        own = phase + (0.0 if side == "left" else 0.5)
        toes, pitch, foot_yaw = tread(controls, path, yaw, own, sign)
        kick(controls[f"kick_{side}"], toes, pitch, yaw)
        toes[:, 1] += controls["air"]
        place_leg(joints, side, sign, pelvis, yaw, toes, pitch, foot_yaw)
    place_trunk(joints, controls["lean"], yaw)
    for side, sign in SIDES.items():
        place_arm(joints, side, sign, controls, yaw, phase)
    return joints


def follow(controls: Controls, yaw: np.ndarray) -> np.ndarray:
    """The way of the body over the ground (T, 3)."""
    forward, left = (controls[name][:, None] for name in ("forward", "left"))
    return np.cumsum(forward * facing(yaw) + left * leftward(yaw), 0) / FPS


def stand_over(
    controls: Controls, path: np.ndarray, yaw: np.ndarray, phase: np.ndarray
) -> np.ndarray:
    """The pelvis (T, 3), above its path."""
    bounce = controls["bounce"] * np.cos(4 * np.pi * (phase - controls["stance"] / 2))
    height = STRAIGHT - controls["drop"] + controls["air"] + bounce - controls["bounce"]
    return path + up(height) - controls["back"][:, None] * facing(yaw)


def tread(
    controls: Controls, path: np.ndarray, yaw: np.ndarray, phase: np.ndarray, sign: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Toes (T, 3), pitch (T,) and yaw (T,) of a foot whose cycles begin at whole phases."""
    time, stance = np.arange(len(phase)), controls["stance"]
    middle = phase - stance / 2  # whole in the middle of a stance
    cycle = np.floor(phase)
    planted = [np.interp(cycle + k, middle, time) for k in (-1, 0, 1)]
    spots = [at(path + sign * APART * leftward(yaw), when) for when in planted]
    yaws = [at(yaw, when) for when in planted]
    progress = (phase - cycle - stance) / (1 - stance)  # of the step; below 0 in a stance
    step = glide(np.clip(progress, 0, 1))
    length = np.linalg.norm(spots[2] - spots[1], axis=1) + 0.3 * np.abs(yaws[2] - yaws[1])
    before = np.linalg.norm(spots[1] - spots[0], axis=1)
    high = np.minimum(length / LONG, 1)
    raised = np.sin(np.pi * np.clip(progress, 0, 1)) ** 2
    foot_yaw = yaws[1] + step * (yaws[2] - yaws[1])
    heel = 0.9 * np.minimum(np.maximum(length, before) / 1.0, 1)
    leaving = smooth(np.clip((phase - cycle) / stance * 2.5 - 1.5, 0, 1)) * (progress < 0)
    lowering = (1 - smooth(np.clip(progress / 0.7, 0, 1))) * (progress >= 0)
    toes = spots[1] + step[:, None] * (spots[2] - spots[1]) + 0.04 * facing(foot_yaw)
    toes[:, 1] = SOLE + raised * high * (0.07 + controls["knees"])
    return toes, heel * (leaving + lowering), foot_yaw


def glide(x: np.ndarray) -> np.ndarray:
    """0 to 1 along a cycloid: of all ways with level ends one of the least jerk."""
    return x - np.sin(2 * np.pi * x) / (2 * np.pi)


def kick(strength: np.ndarray, toes: np.ndarray, pitch: np.ndarray, yaw: np.ndarray) -> None:
    """Moves toes forward and up for a kick."""
    toes += strength[:, None] * 0.55 * facing(yaw)
    toes[:, 1] += 0.5 * strength
    pitch -= 0.6 * strength


def place_leg(
    joints: np.ndarray,
    side: str,
    sign: float,
    pelvis: np.ndarray,
    yaw: np.ndarray,
    toes: np.ndarray,
    pitch: np.ndarray,
    foot_yaw: np.ndarray,
) -> None:
    """Hip, knee, ankle and foot; the knee bends forward."""
    hip = pelvis + sign * OFFSETS[INDEX["left_hip"], 0] * leftward(yaw) - up(HIP)
    heel = facing(foot_yaw) * (ANKLE * np.sin(pitch) - TOES * np.cos(pitch))[:, None]
    wanted = toes + heel + up(ANKLE * np.cos(pitch) + TOES * np.sin(pitch))
    reach = wanted - hip
    distance = np.linalg.norm(reach, axis=1)
    usable = np.clip(distance, 0.2, 0.995 * (THIGH + SHIN))
    along = reach / distance[:, None]
    ankle = hip + usable[:, None] * along
    front = facing((yaw + foot_yaw) / 2)
    front = front - (front * along).sum(1, keepdims=True) * along
    front /= np.linalg.norm(front, axis=1, keepdims=True)
    near = (THIGH**2 - SHIN**2 + usable**2) / (2 * usable)
    bent = np.sqrt(np.maximum(THIGH**2 - near**2, 0))
    joints[:, INDEX[f"{side}_hip"]] = hip
    joints[:, INDEX[f"{side}_knee"]] = hip + near[:, None] * along + bent[:, None] * front
    joints[:, INDEX[f"{side}_ankle"]] = ankle
    joints[:, INDEX[f"{side}_foot"]] = toes + ankle - wanted


def place_trunk(joints: np.ndarray, lean: np.ndarray, yaw: np.ndarray) -> None:
    """Spine, neck and head: each joint leans a third of the way more."""
    for parent, joint, share in (
        ("pelvis", "spine1", 1 / 3),
        ("spine1", "spine2", 2 / 3),
        ("spine2", "spine3", 1.0),
        ("spine3", "neck", 1.0),
        ("neck", "head", 0.5),
    ):
        bone = OFFSETS[INDEX[joint]]
        angle = share * lean
        height = bone[1] * np.cos(angle) - bone[2] * np.sin(angle)
        forward = bone[1] * np.sin(angle) + bone[2] * np.cos(angle)
        start = joints[:, INDEX[parent]]
        joints[:, INDEX[joint]] = start + up(height) + forward[:, None] * facing(yaw)


def place_arm(
    joints: np.ndarray,
    side: str,
    sign: float,
    controls: Controls,
    yaw: np.ndarray,
    phase: np.ndarray,
) -> None:
    """Collar, shoulder, elbow and wrist; the arm swings against the leg of its side."""
    lean = controls["lean"]
    swing = -sign * controls["swing"] * np.cos(2 * np.pi * phase) - 0.5 * lean
    wave = controls[f"wave_{side}"] * np.sin(2 * np.pi * 1.5 * np.arange(len(yaw)) / FPS)
    raised, bend = controls[f"raise_{side}"], controls["bend"] * (1 - lifted(controls, side))
    previous = joints[:, INDEX["spine3"]]
    for joint in ("collar", "shoulder"):
        bone = OFFSETS[INDEX[f"left_{joint}"]]
        trunk = up(bone[1] * np.cos(lean)) + (bone[1] * np.sin(lean))[:, None] * facing(yaw)
        previous = previous + trunk + sign * bone[0] * leftward(yaw)
        joints[:, INDEX[f"{side}_{joint}"]] = previous
    for joint, angle, forward in (
        ("elbow", raised, swing),
        ("wrist", raised + wave, swing + bend),
    ):
        out, down = np.sin(angle), -np.cos(angle)
        direction = sign * out[:, None] * leftward(yaw) + up(down * np.cos(forward))
        direction = direction - (down * np.sin(forward))[:, None] * facing(yaw)
        previous = previous + LENGTHS[INDEX[f"left_{joint}"]] * direction
        joints[:, INDEX[f"{side}_{joint}"]] = previous


def lifted(controls: Controls, side: str) -> np.ndarray:
    """How far an arm is up, 0 to 1; a raised arm is straight."""
    return np.clip((controls[f"raise_{side}"] - 0.5) / 1.0, 0, 1)


def facing(yaw: np.ndarray) -> np.ndarray:
    """Unit vectors (T, 3) of the headings."""
    return np.stack([np.sin(yaw), np.zeros_like(yaw), np.cos(yaw)], 1)


def leftward(yaw: np.ndarray) -> np.ndarray:
    """Unit vectors (T, 3) to the left of the headings."""
    return np.stack([np.cos(yaw), np.zeros_like(yaw), -np.sin(yaw)], 1)


def up(height: np.ndarray | float) -> np.ndarray:
    """Vectors (T, 3) or (3,) of some height."""
    return np.multiply.outer(height, np.array([0.0, 1.0, 0.0]))


def at(values: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Values (T, ...) at times in frames, interpolated."""
    frames = np.arange(len(values))
    columns = values.reshape(len(values), -1).T
    return np.stack([np.interp(time, frames, own) for own in columns], 1).reshape(
        len(time), *values.shape[1:]
    )
