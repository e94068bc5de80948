"""The world of motion: captioned movements of a 22-joint body, and HumanML3D's features of them."""

from .animate import draw_motion, draw_segment, draw_sequence
from .captions import asked, caption, plain, vocabulary
from .features import CHANNELS, to_features, to_joints
from .requests import REQUESTS, Request
from .skeleton import FPS, JOINTS, PARENTS

__all__ = [
    "CHANNELS",
    "FPS",
    "JOINTS",
    "PARENTS",
    "REQUESTS",
    "Request",
    "asked",
    "caption",
    "draw_motion",
    "draw_segment",
    "draw_sequence",
    "plain",
    "to_features",
    "to_joints",
    "vocabulary",
]
