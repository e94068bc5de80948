"""Finds checkpoints, checks that they are complete, and hashes their weights."""

import os
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

from annotated_types import MinLen

from synclab.core.file_hash import file_hash
from synclab.errors import UserError
from synclab.places import candidates
from synclab.priors.completeness import missing_weights

DENOISERS = ("unet", "transformer")
PARTS = ("vae", "text_encoder", "tokenizer", "scheduler")
"""Parts of a latent diffusion model besides the denoiser; one of pixels has no VAE."""

PIXEL_PARTS = ("text_encoder", "tokenizer", "scheduler")
WEIGHTLESS = ("tokenizer", "scheduler")
WEIGHTS = r"diffusion_pytorch_model(-\d+-of-\d+)?\.safetensors"  # without variants such as fp16

Names = str | Annotated[list[str], MinLen(1)]
"""A diffusers folder, a name on the Hub (`owner/name@revision` pins it), or a list to try."""


def expected(parts: Sequence[str]) -> str:
    return (
        f"expected a Stable Diffusion folder in diffusers format with {' or '.join(DENOISERS)},"
        f" {', '.join(parts)}"
    )


EXPECTED = expected(PARTS)


def locate(path: Names, parts: Sequence[str] = PARTS) -> str:
    """The first local folder, else the first complete name in the Hub's cache, else on the Hub.

    With HF_HUB_OFFLINE=1 only folders and the cache are searched.

    Args:
        parts: what the checkpoint must have besides a denoiser.

    Raises: UserError naming all that were tried.
    """
    names = [resolve(name, parts) for name in each(path)]
    for is_there in (os.path.isdir, partial(is_whole, parts=parts), on_the_hub):
        if found := next(filter(is_there, names), None):
            return found
    halves = [
        f"{name} is incomplete in the cache: {fault}"
        for name in names
        if (folder := cached(name)) and (fault := missing_weights(folder, networks(folder, parts)))
    ]
    raise UserError(
        f"prior.path={names[0]}: not found on the Hub or in its cache (tried {', '.join(names)});"
        " download it on a machine with network, or use prior.path=/a/diffusers/folder"
        + "".join(f"; {half}" for half in halves)
    )


def is_whole(path: str, parts: Sequence[str] = PARTS) -> bool:
    """Whether the Hub's cache holds all weights of a checkpoint."""
    folder = cached(path)
    return folder is not None and missing_weights(folder, networks(folder, parts)) is None


def networks(folder: Path, parts: Sequence[str]) -> list[str]:
    """Parts of a checkpoint whose weights are loaded; SD3 has a second text encoder."""
    second = ["text_encoder_2"] if (folder / "text_encoder_2").is_dir() else []
    weighty = [part for part in parts if part not in WEIGHTLESS]
    return [denoiser(folder).name, *weighty, *second]


def each(path: Names) -> list[str]:
    return [path] if isinstance(path, str) else path


def address(path: str) -> tuple[str, str | None]:
    """A folder, or a name on the Hub with the revision that pins it."""
    if Path(path).is_dir():
        return path, None
    name, _, revision = path.partition("@")
    return name, revision or None


def cached(path: str) -> Path | None:
    """The checkpoint's folder in the Hub's local cache if it has the denoiser; works offline.

    Looks for the denoiser because a checkpoint that is downloaded part by part has no
    model_index.json.
    """
    files = (cached_file(path, f"{part}/config.json") for part in DENOISERS)
    return next((file.parents[1] for file in files if file), None)


def cached_file(path: str, file: str) -> Path | None:
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    name, revision = address(path)
    try:
        found = try_to_load_from_cache(name, file, revision=revision)
    except HFValidationError:  # a path, not a name on the Hub
        return None
    return Path(found) if isinstance(found, str) else None


def on_the_hub(path: str) -> bool:
    from huggingface_hub import HfApi

    name, revision = address(path)
    try:
        HfApi().model_info(name, revision=revision, timeout=5)
    except Exception:  # gated, deleted, offline, refused: all count as absent
        return False
    return True


def resolve(path: str, parts: Sequence[str] = PARTS) -> str:
    """A local folder as an absolute path, checked for completeness; a Hub name unchanged.

    Relative folders are also looked up in synclab's own folder, so that the embedded prior is found
    from any working directory.
    """
    for folder in candidates(path):
        if folder.is_dir():
            return str(check_folder(folder, parts))
    if Path(path).is_absolute() or path.startswith((".", "~")) or address(path)[0].count("/") != 1:
        raise UserError(f"prior.path={path}: no such folder; {expected(parts)}")
    return path


def check_folder(folder: Path, parts: Sequence[str]) -> Path:
    """Refuses a folder that lacks a part, naming what is missing."""
    missing = [part for part in (denoiser(folder).name, *parts) if not (folder / part).is_dir()]
    if missing:
        raise UserError(f"prior.path={folder}: {', '.join(missing)} missing; {expected(parts)}")
    if fault := missing_weights(folder, networks(folder, parts)):
        raise UserError(f"prior.path={folder}: {fault}")
    return folder.resolve()


def denoiser(folder: Path) -> Path:
    """Expected folder of the denoiser: "transformer" if it exists, else "unet"."""
    return folder / next((part for part in reversed(DENOISERS) if (folder / part).is_dir()), "unet")


def fingerprint(path: Names) -> str | None:
    """`weights_hash` of a local folder, so that retrained weights change the identity.

    None for a name on the Hub, which its revision identifies, downloaded or not.
    """
    folder = resolve(each(path)[0], PIXEL_PARTS)
    return weights_hash(folder) if Path(folder).is_dir() else None


def checkpoint_files(path: Names) -> dict[str, list[Path]]:
    """Files of a local folder's parts besides the denoiser's weights, by part.

    Empty for a name on the Hub, whose revision identifies them.
    """
    folder = Path(resolve(each(path)[0], PIXEL_PARTS))
    if not folder.is_dir():
        return {}
    present = [part for part in PARTS if (folder / part).is_dir()]
    parts = {part: sorted(filter(Path.is_file, (folder / part).iterdir())) for part in present}
    config = denoiser(folder) / "config.json"
    return parts | ({"denoiser": [config]} if config.is_file() else {})


def weights_hash(path: str) -> str | None:
    """SHA-256 of the denoiser's weights, in a local folder or in the Hub's cache.

    Shards are concatenated; None if there are no weights.
    """
    folder = Path(path) if Path(path).is_dir() else cached(path)
    found = sorted(denoiser(folder).iterdir()) if folder else []
    files = [file for file in found if re.fullmatch(WEIGHTS, file.name)]
    return file_hash(*files) if files else None
