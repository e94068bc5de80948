"""Extractors of motions: embeddings by the judge, and the smoothness of passages."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated

import numpy as np
from annotated_types import Ge

from synclab.core.file_hash import file_hash
from synclab.core.text import texts_of
from synclab.metrics.extractors import Computed, Cut, Outputs
from synclab.metrics.extractors.pixels import row

if TYPE_CHECKING:
    from synclab.judges.motion_text import MotionText


@dataclass(frozen=True)
class MotionEmbeddings:
    """`motion` (n, 64) of the segments, `text` (n, 64) of the text of each, and `rank` (n, 1): how
    many of the world's other kinds of motion have a plain text that fits a segment better.
    """

    device: str = "cpu"
    name = "motion"

    @cached_property
    def identity(self) -> str:
        from synclab.judges.motion_text import FOLDER

        return f"judge_motion {file_hash(FOLDER / 'model.safetensors')[:12]}"

    def check(self) -> None:
        """Needs nothing: its weights are part of synclab."""

    @cached_property
    def network(self) -> MotionText:
        from synclab.judges.motion_text import MotionText

        return MotionText.load().to(self.device)

    def __call__(self, cut: Cut) -> Outputs:
        from synclab.world.motion import to_features

        texts = texts_of(cut.prompt)
        texts = texts * len(cut.views) if len(texts) == 1 else texts
        features = to_features(cut.views.double()).float().to(self.device)
        ranks = [self.rank(own[None], text) for own, text in zip(features, texts, strict=True)]
        return {
            "motion": self.network.motion(features).cpu().numpy(),
            "text": self.network.text(texts).cpu().numpy(),
            "rank": np.array(ranks, dtype=np.float64)[:, None],
        }

    def rank(self, features, text: str) -> int:
        """0 if no other kind's text fits a segment (1, f, 263) better than its own."""
        from synclab.world.motion import Request, asked, plain
        from synclab.world.motion.captions import WAYS

        own = asked(text)
        others = [plain(Request(kind)) for kind in WAYS if own is None or kind != own.kind]
        first, *rest = self.network.similarity(features, [text, *others])[0].tolist()
        return sum(similar > first for similar in rest)


@dataclass(frozen=True)
class MotionPassages(Computed):
    """`jerk` (passages, overlap + 2 margin): the jerk in every frame from `margin` frames before to
    `margin` after what two segments share; `step` (passages, 1) and `skate` (1, 1) of
    `synclab.metrics.formulas.motion`.
    """

    frames: Annotated[int, Ge(2)] = 120
    overlap: Annotated[int, Ge(0)] = 30
    margin: Annotated[int, Ge(0)] = 5
    device: str = "cpu"

    @property
    def name(self) -> str:
        return f"passages_{self.frames}_{self.overlap}_{self.margin}"

    def __call__(self, cut: Cut) -> Outputs:
        from synclab.metrics.formulas.motion import foot_skate, jerk, largest_step

        joints = cut.picture.double().numpy()
        stride, width = self.frames - self.overlap, self.overlap + 2 * self.margin
        starts = [number * stride - self.margin for number in range(1, len(cut.views))]
        shown = [slice(start, start + width) for start in starts]
        curve = jerk(joints)
        steps = [[largest_step(joints[frames])] for frames in shown]
        return {
            "jerk": np.array([curve[frames] for frames in shown]).reshape(-1, width),
            "step": np.array(steps).reshape(-1, 1),
            "skate": row(foot_skate(joints)),
        }
