"""Checks that the installed torchvision was built for the installed torch."""

import importlib
import importlib.util

from synclab.errors import UserError


def check_torchvision() -> None:
    """Imports torchvision if it is installed: a build for another torch fails to import.

    diffusers imports torchvision whenever it is installed, and fails with it. PyPI's build, for
    CUDA, fails next to a CPU build of torch.

    Raises: UserError with the command that installs the right build.
    """
    if importlib.util.find_spec("torchvision") is None:
        return
    try:
        importlib.import_module("torchvision")
    except (ImportError, RuntimeError, OSError, AttributeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(
            f"torchvision: not built for this torch ({reason}):"
            f" {remedy()} --force-reinstall; or pip uninstall torchvision"
        ) from error


def remedy() -> str:
    """The command that installs the build for this torch."""
    import torch

    build = torch.__version__.partition("+")[2] or "cpu"
    return f"pip install --no-deps torchvision --index-url https://download.pytorch.org/whl/{build}"
