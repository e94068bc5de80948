"""The colours of 3D Gaussians from a prompt (Yeo et al. 2025, App. F)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from annotated_types import Interval
from torch import Tensor

from synclab.core.protocols import Canonical, Prior
from synclab.spaces.gaussian_maps import GaussianMaps
from synclab.spaces.gaussians import Gather, Gaussians
from synclab.spaces.pose_sets import POSE_SETS
from synclab.spaces.rig import Rig
from synclab.spaces.splatting.cloud import GaussianCloud, bumpy_cloud
from synclab.spaces.splatting.splatter import Backend
from synclab.tasks.orbit import OrbitTask
from synclab.tasks.ply import read_cloud, to_ply
from synclab.tasks.task import cells


@dataclass(frozen=True)
class GaussiansTask(OrbitTask):
    """One colour for each Gaussian; their geometry is fixed.

    If no PLY file `cloud` is given, `count` Gaussians lie on a bumpy sphere. The picture is a
    contact sheet of views around the object; a PLY with the colours is written beside it.
    """

    cloud: str | None = None
    count: Annotated[int, Interval(ge=100, le=1_000_000)] = 20_000
    gather: Gather = "ridge"
    splatter: Backend = "auto"

    def inputs(self) -> Mapping[str, Path]:
        return {} if self.cloud is None else {"cloud": Path(self.cloud).expanduser()}

    def orbit(self, prior: Prior, canonical: Canonical) -> Gaussians:
        rig = self.rig(prior, canonical)
        maps = shared_maps(self.cloud, self.count, rig, self.splatter, prior.device)
        return Gaussians(
            **cells(prior, canonical),
            height=1,
            width=len(maps.cloud),
            maps=maps,
            sets=POSE_SETS[self.poses],
            background=self.backdrop(canonical),
            gather=self.gather,
        )

    def image(self, prior: Prior, z: Tensor) -> Tensor:
        """A contact sheet of views around the object."""
        return self.sheet(prior, self.colours(prior, z))

    def artefacts(self, prior: Prior, z: Tensor, image: Tensor) -> Mapping[str, bytes]:
        """The Gaussians with their colours as PLY."""
        colours = self.colours(prior, z)[:, 0].T
        return {"ply": to_ply(load(self.cloud, self.count), colours)}


@lru_cache(maxsize=4)
def shared_maps(
    path: str | None, count: int, rig: Rig, splatter: Backend, device: str
) -> GaussianMaps:
    """The maps of a cloud, shared by all samples."""
    return GaussianMaps(load(path, count), rig, splatter, device)


@lru_cache(maxsize=2)
def load(path: str | None, count: int) -> GaussianCloud:
    """The cloud of a PLY file, or a procedural one if `path` is None."""
    return bumpy_cloud(count) if path is None else read_cloud(Path(path).expanduser())
