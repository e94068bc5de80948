"""Where a checkpoint lies, whether it is whole, and which weights it holds."""

import hashlib
from pathlib import Path

from synclab.errors import UserError

PARTS = ("unet", "vae", "text_encoder", "tokenizer", "scheduler")
EXPECTED = f"expected a Stable Diffusion folder in diffusers format with {', '.join(PARTS)}"
ROOT = Path(__file__).resolve().parents[2]


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
