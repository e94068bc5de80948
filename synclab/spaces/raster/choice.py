"""Selects a rasteriser by name."""

from collections.abc import Callable

import torch
from torch import Tensor

from synclab.errors import UserError
from synclab.spaces.raster.rasterizer import Backend, Rasterizer

NVDIFFRAST = "git+https://github.com/NVlabs/nvdiffrast"

INSTALL = {
    "embree": "pip install 'synclab[mesh]', or use task.raster=torch",
    "nvdiffrast": f"pip install --no-build-isolation {NVDIFFRAST} (needs CUDA and a compiler;"
    " note its licence), or use task.raster=torch",
}


def choose(name: Backend, vertices: Tensor, faces: Tensor) -> Rasterizer:
    """A rasteriser of a mesh; "auto" is nvdiffrast on CUDA, else Embree, else PyTorch.

    Raises: UserError if a back end that is asked for by name is not installed.
    """
    if name != "auto":
        return build(name, vertices, faces)
    for candidate in ("nvdiffrast",) if vertices.is_cuda else ("embree",):
        try:
            return build(candidate, vertices, faces)
        except UserError:
            continue
    return build("torch", vertices, faces)


def build(name: str, vertices: Tensor, faces: Tensor) -> Rasterizer:
    try:
        return BUILDERS[name](vertices, faces)
    except ImportError as error:
        raise UserError(f"task.raster={name}: not installed; {INSTALL[name]}") from error


def embree(vertices: Tensor, faces: Tensor) -> Rasterizer:
    from synclab.spaces.raster.embree_backend import EmbreeRasterizer

    return EmbreeRasterizer(vertices, faces)


def plain(vertices: Tensor, faces: Tensor) -> Rasterizer:
    from synclab.spaces.raster.torch_backend import TorchRasterizer

    return TorchRasterizer(vertices, faces)


def nvdiffrast(vertices: Tensor, faces: Tensor) -> Rasterizer:
    from synclab.spaces.raster.nvdiffrast_backend import NvdiffrastRasterizer

    if not torch.cuda.is_available():
        raise UserError("task.raster=nvdiffrast: needs an NVIDIA GPU; use task.raster=embree")
    return NvdiffrastRasterizer(vertices, faces)


BUILDERS: dict[str, Callable[[Tensor, Tensor], Rasterizer]] = {
    "embree": embree,
    "torch": plain,
    "nvdiffrast": nvdiffrast,
}
