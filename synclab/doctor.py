"""What this machine has of all that synclab can use, and the command that fills each gap.

python -m synclab.doctor
"""

import importlib.util
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from synclab.command import CONF
from synclab.errors import UserError

log = logging.getLogger(__name__)

PACKAGES = {
    "trimesh": "pip install -e '.[mesh]'",
    "xatlas": "pip install -e '.[mesh]'",
    "embreex": "pip install -e '.[mesh]'",
    "nvdiffrast": "from source, after torch and nvcc; non-commercial licence",
    "gsplat": "pip install -e '.[gaussians]'",
    "submitit": "pip install submitit hydra-submitit-launcher",
    "open_clip": "pip install open_clip_torch",
    "cleanfid": "pip install clean-fid",
    "torchmetrics": "pip install torchmetrics",
    "lpips": "pip install lpips",
}


@dataclass(frozen=True)
class Finding:
    """One thing: whether it is there, and how to get it or what was found."""

    name: str
    there: bool
    note: str

    def __str__(self) -> str:
        return f"  {'ok  ' if self.there else 'none'}  {self.name:<28} {self.note}"


def devices() -> Iterator[Finding]:
    import torch

    cuda = torch.cuda.is_available()
    name = torch.cuda.get_device_name() if cuda else "a GPU makes the papers' checkpoints usable"
    yield Finding("cuda", cuda, name)
    yield Finding("mps", torch.backends.mps.is_available(), "")
    yield Finding("cpu", True, f"{torch.get_num_threads()} threads, torch {torch.__version__}")


def packages() -> Iterator[Finding]:
    for name, command in PACKAGES.items():
        there = importlib.util.find_spec(name) is not None
        yield Finding(name, there, "" if there else command)


def checkpoints() -> Iterator[Finding]:
    """Every prior of conf/prior that has a path: a folder, or in the Hub's cache."""
    for path in sorted((CONF / "prior").glob("*.yaml")):
        prior: Any = OmegaConf.load(path)
        if "path" in prior:
            yield checkpoint(path.stem, prior)


def checkpoint(name: str, prior: Any) -> Finding:
    from synclab.priors.checkpoint import cached, resolve

    try:
        place = resolve(prior.path)
    except UserError as error:
        return Finding(f"prior={name}", False, str(error))
    names = [place, *prior.mirrors]
    found = next((n for n in names if Path(n).is_dir() or cached(n, prior.revision)), None)
    return Finding(f"prior={name}", found is not None, found or f"hf download {names[-1]}")


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    for title, findings in (
        ("Devices", devices()),
        ("Checkpoints", checkpoints()),
        ("Optional packages", packages()),
    ):
        log.info("%s", title)
        for finding in findings:
            log.info("%s", finding)
    return 0


if __name__ == "__main__":
    sys.exit(main())
