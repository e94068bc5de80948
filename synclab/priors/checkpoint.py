"""Where a checkpoint lies, whether it is whole, and which weights it holds."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from synclab.errors import UserError

PARTS = ("unet", "vae", "text_encoder", "tokenizer", "scheduler")
EXPECTED = f"expected a Stable Diffusion folder in diffusers format with {', '.join(PARTS)}"
ROOT = Path(__file__).resolve().parents[2]


def locate(path: str, mirrors: Sequence[str], revision: str | None) -> str:
    """A whole local folder, or the first of several names that the Hub or its cache has.

    Raises: UserError naming all that were tried; HF_HUB_OFFLINE=1 asks the cache alone.
    """
    path = resolve(path)
    if Path(path).is_dir():
        return path
    names = [path, *mirrors]
    found = next((name for name in names if available(name, revision)), None)
    if found is None:
        raise UserError(
            f"prior.path={path}: not found on the Hub or in its cache (tried {', '.join(names)});"
            " download it where there is network, or say prior.path=/a/diffusers/folder"
        )
    return found


def available(name: str, revision: str | None) -> bool:
    """Whether the cache, or else the Hub, has the checkpoint."""
    return cached(name, revision) or on_the_hub(name, revision)


def cached(name: str, revision: str | None) -> bool:
    """Whether the Hub's local cache has the checkpoint; asks no network."""
    from huggingface_hub import try_to_load_from_cache

    return isinstance(try_to_load_from_cache(name, "model_index.json", revision=revision), str)


def on_the_hub(name: str, revision: str | None) -> bool:
    from huggingface_hub import HfApi

    try:
        HfApi().model_info(name, revision=revision, timeout=5)
    except Exception:  # every way of not being there: gated, gone, offline, refused
        return False
    return True


def resolve(path: str) -> str:
    """A local folder as an absolute path, checked to be whole; a name on the Hub as it is.

    Relative folders are looked up where synclab lies, so that the embedded prior is found from
    anywhere.
    """
    for folder in (Path(path).expanduser(), ROOT / path):
        if folder.is_dir():
            return str(check_folder(folder))
    if Path(path).is_absolute() or path.startswith((".", "~")) or path.count("/") != 1:
        raise UserError(f"prior.path={path}: no such folder; {EXPECTED}")
    return path


def check_folder(folder: Path) -> Path:
    """Refuses a folder that lacks a part, naming what is missing."""
    missing = [part for part in PARTS if not (folder / part).is_dir()]
    if missing:
        raise UserError(f"prior.path={folder}: {', '.join(missing)} missing; {EXPECTED}")
    return folder.resolve()


def fingerprint(path: str) -> str | None:
    """SHA-256 of a local folder's denoiser, so that retrained weights are another prior.

    None for a name on the Hub, whose revision tells as much.
    """
    unet = Path(resolve(path)) / "unet"
    if not unet.is_dir():
        return None
    weights = hashlib.sha256()
    for file in sorted(unet.glob("*.safetensors")):
        weights.update(file.read_bytes())
    return weights.hexdigest()
