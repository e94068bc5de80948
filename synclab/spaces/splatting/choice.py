"""Selects a splatter by name."""

import importlib.util

from synclab.errors import UserError
from synclab.spaces.splatting.cloud import GaussianCloud
from synclab.spaces.splatting.splatter import Backend, Splatter
from synclab.spaces.splatting.torch_backend import TorchSplatter


def choose(name: Backend, cloud: GaussianCloud) -> Splatter:
    """A splatter of a cloud; "auto" is gsplat on CUDA if it is installed, else PyTorch.

    Raises: UserError if gsplat is requested and cannot be used.
    """
    cuda, installed = cloud.means.is_cuda, importlib.util.find_spec("gsplat") is not None
    if name == "torch" or (name == "auto" and not (cuda and installed)):
        return TorchSplatter(cloud)
    if not installed:
        raise UserError("task.splatter=gsplat: pip install 'synclab[gaussians]', or use torch")
    if not cuda:
        raise UserError("task.splatter=gsplat: needs an NVIDIA GPU; use task.splatter=torch")
    from synclab.spaces.splatting.gsplat_backend import GsplatSplatter

    return GsplatSplatter(cloud)
