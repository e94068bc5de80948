"""The world of motion: its captions, its bodies, and HumanML3D's features of them."""

import numpy as np
import pytest
import torch
from conftest import close
from torch import Tensor

from synclab.world.motion import (
    CHANNELS,
    REQUESTS,
    Request,
    asked,
    caption,
    draw_motion,
    draw_segment,
    draw_sequence,
    plain,
    to_features,
    to_joints,
    vocabulary,
)
from synclab.world.motion.captions import words
from synclab.world.motion.features import CONTACTS, HEIGHT, PLACES, TURN, WAY, headings, turned
from synclab.world.motion.skeleton import INDEX, LENGTHS, PARENTS

each_kind = pytest.mark.parametrize("kind", sorted({own.kind for own in REQUESTS}))


def motion(kind: str, frames: int = 60, seed: int = 0, **manner: str) -> Tensor:
    generator = np.random.default_rng(seed)
    return draw_motion([Request(kind, **manner)], [0], frames, generator).double()


@each_kind
def test_joints_to_features_to_joints_is_the_identity_up_to_the_start(kind: str) -> None:
    joints = motion(kind)
    start, yaw = joints[0, 0] * torch.tensor([1, 0, 1]), headings(joints)[0]
    close(to_joints(to_features(joints)), turned(joints - start, -yaw), 1e-12)


@each_kind
def test_features_to_joints_to_features_is_the_identity(kind: str) -> None:
    features = to_features(motion(kind))
    assert features.shape == (60, CHANNELS)
    close(to_features(to_joints(features)), features, 1e-12)


def test_in_single_precision_a_long_motion_comes_back_to_a_tenth_of_a_millimetre() -> None:
    features = to_features(draw_sequence([Request("run")] * 4, np.random.default_rng(0)))
    again = to_joints(to_features(to_joints(features)))
    close(again, to_joints(features), 1e-4)


def test_features_do_not_depend_on_where_a_motion_begins_or_what_it_faces() -> None:
    joints, yaw = motion("circle left"), torch.tensor(2.0).double()
    moved = turned(joints, yaw) + torch.tensor([3.0, 0.0, -5.0])
    close(to_features(moved), to_features(joints), 1e-12)


def test_the_root_says_how_fast_a_body_walks_and_turns() -> None:
    walk, left = to_features(motion("walk")), to_features(motion("turn left"))
    assert 0.03 < float(walk[:, WAY][:, 1].mean()) < 0.07  # metres in a twentieth of a second
    assert float(left[:, TURN].mean()) < -0.01 and abs(float(walk[:, TURN].mean())) < 1e-9
    assert 0.9 < float(walk[:, HEIGHT].mean()) < 1.0


def test_places_are_seen_from_the_heading() -> None:
    """The left hip of a body that faces any way lies at +x of the root."""
    places = to_features(motion("turn right"))[:, PLACES].unflatten(-1, (21, 3))
    close(places[:, 0, 0], torch.full((60,), 0.07).double(), 1e-7)


@each_kind
def test_bones_keep_their_lengths(kind: str) -> None:
    joints = motion(kind)
    bones = (joints[:, 1:] - joints[:, PARENTS[1:]]).norm(dim=-1)
    close(bones, torch.from_numpy(LENGTHS[1:]).expand_as(bones), 1e-6)


@each_kind
def test_feet_neither_sink_nor_slide_where_they_rest(kind: str) -> None:
    feet = motion(kind, 100)[:, [INDEX["left_foot"], INDEX["right_foot"]]]
    assert float(feet[..., 1].min()) > -0.02
    low = (feet[:-1, :, 1] < 0.021) & (feet[1:, :, 1] < 0.021)
    slid = (feet[1:] - feet[:-1])[..., [0, 2]].norm(dim=-1)[low]
    assert float(slid.max() if len(slid) else 0) < 0.03


def test_both_feet_rest_when_standing_and_neither_always_when_walking() -> None:
    standing, walking = (to_features(motion(kind))[:, CONTACTS] for kind in ("stand", "run"))
    assert standing.all()
    assert 0.1 < float(walking.mean()) < 0.9


@pytest.mark.parametrize("request_", REQUESTS, ids=plain)
def test_a_caption_asks_for_what_it_describes(request_: Request) -> None:
    generator = np.random.default_rng(0)
    texts = [caption(request_, generator) for _ in range(10)]
    assert {asked(text) for text in [plain(request_), *texts]} == {request_}
    assert set(words(" ".join(texts))) <= set(vocabulary())


def test_a_text_without_a_kind_asks_for_nothing() -> None:
    assert asked("a coral reef with fish") is None


def test_a_long_motion_does_what_it_is_asked_in_turn() -> None:
    requests = [Request("walk"), Request("turn left"), Request("sit")]
    joints = draw_sequence(requests, np.random.default_rng(0)).double()
    assert joints.shape == (301, 22, 3)
    features = to_features(joints)
    assert float(features[20:90, WAY][:, 1].mean()) > 0.03
    assert float(features[125:175, TURN].mean()) < -0.01
    assert float(features[-1, HEIGHT]) < 0.65


def test_passages_are_as_smooth_as_the_actions() -> None:
    requests = [Request("run"), Request("stand"), Request("jump")]
    joints = draw_sequence(requests, np.random.default_rng(0)).double()
    jerk = joints.diff(n=3, dim=0).abs().sum(-1).amax(-1)
    assert float(jerk[85:215].max()) < 1.5 * float(jerk[:85].max())


def test_segments_show_their_request_between_those_beside_it() -> None:
    generator = np.random.default_rng(3)
    drawn = [to_features(draw_segment(Request("stand"), generator)) for _ in range(8)]
    middle = torch.stack([own[30:90] for own in drawn])[..., WAY].abs().amax()
    assert float(middle) < 0.01
    ends = torch.stack([own[[0, -1]] for own in drawn])[..., WAY].abs().amax((1, 2))
    assert 0 < int((ends > 0.01).sum()) < 8
