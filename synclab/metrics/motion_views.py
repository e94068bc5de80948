"""Selects the segments of a motion that are scored, from the file of its joints."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from annotated_types import Ge
from torch import Tensor

from synclab.metrics.views import Cutter, Row
from synclab.store.pictures import Picture, UnusableError

JOINTS = 22


@dataclass(frozen=True)
class MotionSegments(Cutter):
    """Segments of `frames` frames, each of which shares `overlap` with the next; the reference's
    motions are cut like those of methods.
    """

    frames: Annotated[int, Ge(2)] = 120
    overlap: Annotated[int, Ge(0)] = 30

    def source(self, picture: Picture) -> Tensor:
        """Joints (F, 22, 3) in metres."""
        path = picture.artefact("npy")
        if path is None:
            raise UnusableError("it has no joints (.npy); generate it again")
        joints = np.load(path, allow_pickle=False)
        if joints.ndim != 3 or joints.shape[1:] != (JOINTS, 3) or not np.isfinite(joints).all():
            raise UnusableError(
                f"its joints are {joints.shape}; expected finite (frames, {JOINTS}, 3)"
            )
        return torch.from_numpy(joints)

    def of_reference(self) -> "MotionSegments":
        return self

    def cut(self, picture: Tensor, row: Row) -> Tensor:
        stride = self.frames - self.overlap
        count, rest = divmod(len(picture) - self.overlap, stride)
        if rest or count < 1:
            raise UnusableError(
                f"it has {len(picture)} frames; this protocol scores open motions of segments of"
                f" {self.frames} frames that share {self.overlap}"
            )
        return picture.unfold(0, self.frames, stride).movedim(-1, 1)
