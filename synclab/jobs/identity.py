"""The identity of a run: the values of its configuration and the content of its input files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from synclab.config import plugins
from synclab.config.settings import GROUPS
from synclab.core.file_hash import file_hash, hash_of_files
from synclab.core.hashing import without_modules
from synclab.core.protocols import Task
from synclab.errors import UserError
from synclab.priors import lora, motion_files
from synclab.priors.checkpoint import Names, checkpoint_files, fingerprint
from synclab.store.folder import CONFIG

NEUTRAL = ("batch", "compile", "distilled")
"""Keys of a prior that do not affect the pictures: two are for speed, one for a warning."""

INPUTS = "inputs"
"""Key of the input files' hashes in a run's identity."""


def identify(body: Mapping[str, Any], task: Task, checkpoint: Names | None) -> dict[str, Any]:
    """The identity of a run: values of its groups, and hashes of weights, plugins and inputs."""
    groups = {group: dict(body[group]) for group in GROUPS}
    for key in NEUTRAL:
        groups["prior"].pop(key, None)
    if task.version > 1:
        groups["task"]["version"] = task.version
    if checkpoint is not None:
        groups["prior"]["weights"] = fingerprint(checkpoint)
    if model := groups["prior"].get("model"):
        encoder = groups["prior"].get("text_encoder")
        groups["prior"]["weights"] = motion_files.fingerprint(model, encoder)
    if merged := lora.fingerprint(groups["prior"].get("lora")):
        groups["prior"]["lora"] = merged
    if own := plugins.identify(groups):
        groups["plugins"] = own
    identity = without_modules(groups)
    hashes = input_hashes(task, checkpoint)
    return {**identity, INPUTS: hashes} if hashes else identity


def input_hashes(task: Task, checkpoint: Names | None) -> dict[str, str]:
    """Hashes of the files that a task reads and of a checkpoint's parts, by key.

    The hash of the denoiser's weights is `prior.weights`.
    """
    files = {f"task.{key}": content_of(key, path) for key, path in task.inputs().items()}
    parts = checkpoint_files(checkpoint) if checkpoint is not None else {}
    files |= {f"prior.{part}": own for part, own in parts.items()}
    return {
        key: file_hash(own[0]) if len(own) == 1 else hash_of_files(own)
        for key, own in sorted(files.items())
    }


def content_of(key: str, path: Path) -> list[Path]:
    """The files that an input `task.KEY` consists of.

    A run's folder is identified by its configuration, since more samples may be added; any other
    folder by its pictures.

    Raises: UserError if there is no such file.
    """
    if not path.exists():
        raise UserError(f"task.{key}={path}: no such file or folder; check the path")
    if not path.is_dir():
        return [path]
    config = path / CONFIG
    return [config] if config.is_file() else sorted(path.glob("*.png"))
