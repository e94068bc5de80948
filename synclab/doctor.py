"""Lists the devices, checkpoints and packages on this machine, and how to install missing ones.

synclab doctor
"""

import argparse
import importlib.util
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from synclab import command
from synclab.errors import UserError
from synclab.places import CONF

log = logging.getLogger(__name__)

PACKAGES = {
    "trimesh": "pip install -e '.[mesh]'",
    "xatlas": "pip install -e '.[mesh]'",
    "embreex": "pip install -e '.[mesh]'",
    "nvdiffrast": "pip install --no-build-isolation git+https://github.com/NVlabs/nvdiffrast,"
    " after torch, with nvcc; non-commercial licence",
    "gsplat": "pip install -e '.[gaussians]'",
    "imageio_ffmpeg": "pip install -e '.[video]'",
    "submitit": "pip install -e '.[slurm]'",
    "open_clip": "pip install -e '.[eval]'",
    "torch_fidelity": "pip install -e '.[eval]'",
    "lpips": "pip install -e '.[eval]'",
    "piq": "pip install -e '.[eval]'",
}


@dataclass(frozen=True)
class Finding:
    """One requirement: whether it is present, and where it is or how to get it."""

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
    for name, remedy in PACKAGES.items():
        there = importlib.util.find_spec(name) is not None
        yield Finding(name, there, "" if there else remedy)
    yield torchvision()


def torchvision() -> Finding:
    """Imports torchvision, since a build for another torch is found but fails to import."""
    from synclab.core.torchvision_build import check_torchvision, remedy

    there = importlib.util.find_spec("torchvision") is not None
    try:
        check_torchvision()
    except UserError as error:
        return Finding("torchvision", False, str(error))
    return Finding("torchvision", there, "" if there else remedy())


def checkpoints() -> Iterator[Finding]:
    """Every checkpoint that a prior of conf/prior names: a folder, or in the Hub's cache."""
    for path in sorted((CONF / "prior").glob("*.yaml")):
        prior: Any = OmegaConf.load(path)
        if "path" in prior:
            yield checkpoint(path.stem, prior)
        if "model" in prior:
            yield motion_model(path.stem, prior.model)
        if "control_path" in prior:
            yield controlnet(path.stem, prior)


def checkpoint(name: str, prior: Any) -> Finding:
    from synclab.config.schema import locate
    from synclab.priors.checkpoint import each, is_whole, resolve

    parts = locate(prior._target_, "prior").folders
    try:
        names = [resolve(place, parts) for place in each(prior.path)]
    except UserError as error:
        return Finding(f"prior={name}", False, str(error))
    found = next((n for n in names if Path(n).is_dir() or is_whole(n, parts)), None)
    return Finding(f"prior={name}", found is not None, found or download(names[0]))


def motion_model(name: str, model: str) -> Finding:
    from synclab.priors.motion_files import find

    try:
        return Finding(f"prior={name}", True, str(find(model)))
    except UserError as error:
        return Finding(f"prior={name}", False, str(error))


def controlnet(name: str, prior: Any) -> Finding:
    from synclab.priors.checkpoint import cached_file

    place = prior.control_path
    there = Path(place).is_dir() or cached_file(place, "config.json")
    return Finding(f"prior={name}", bool(there), place if there else download(place))


def download(path: str) -> str:
    """The command that downloads a checkpoint into the Hub's cache."""
    from synclab.priors.checkpoint import address

    name, revision = address(path)
    return f"hf download {name}" + (f" --revision {revision}" if revision else "")


def judges() -> Iterator[Finding]:
    """Weights of the papers' judges; prior.perceptual=lpips needs those of VGG-16 too."""
    from synclab.judges.requirements import (
        BRISQUE_SVM,
        CLEAN_INCEPTION,
        INCEPTION_LOGITS,
        VGG16,
        VGG19,
    )

    for weights in (CLEAN_INCEPTION, INCEPTION_LOGITS, VGG16, VGG19, BRISQUE_SVM):
        there = weights.path.is_file()
        yield Finding(weights.file, there, str(weights.path) if there else weights.command)
    yield from map(clip, sorted(clip_repositories()))


def clip_repositories() -> Iterator[str]:
    """Repositories of the CLIP models that the protocols of conf/eval use."""
    protocols: Any = map(OmegaConf.load, (CONF / "eval").glob("*.yaml"))
    extractors = [e for protocol in protocols for e in protocol.get("extractors", {}).values()]
    yield from {e.repository for e in extractors if "repository" in e}


def clip(repository: str) -> Finding:
    from synclab.judges.requirements import clip_weights

    weights = clip_weights(repository)
    path = weights.path
    return Finding(repository, path is not None, str(path) if path else weights.command)


def show(_: argparse.Namespace) -> None:
    """Prints every finding under its title."""
    for title, findings in (
        ("Devices", devices()),
        ("Checkpoints", checkpoints()),
        ("Judges", judges()),
        ("Optional packages", packages()),
    ):
        log.info("%s", title)
        for finding in findings:
            log.info("%s", finding)


def main() -> int:
    return command.main(command.parser("synclab doctor", __doc__), show)


if __name__ == "__main__":
    sys.exit(main())
