"""Finds a motion model's files and hashes them."""

from pathlib import Path

from synclab.core.file_hash import hash_of_files
from synclab.errors import UserError
from synclab.places import candidates

EXPECTED = "expected a folder of prior=tiny_motion's format, or a .pt file of MDM's with prior=mdm"


def find(model: str) -> Path:
    """A folder or file, also below synclab's own folder.

    Raises: UserError if there is none.
    """
    for path in candidates(model):
        if path.exists():
            return path.resolve()
    raise UserError(f"prior.model={model}: no such file or folder; {EXPECTED}")


def files_of(model: str) -> list[Path]:
    """All files that a model consists of: those of its folder, or a checkpoint and what MDM keeps
    beside it.
    """
    path = find(model)
    if path.is_dir():
        return sorted(own for own in path.iterdir() if own.suffix in (".safetensors", ".json"))
    beside = [path.with_name(name) for name in ("args.json", "Mean.npy", "Std.npy")]
    return [path, *filter(Path.is_file, beside)]


def fingerprint(model: str, text_encoder: str | None = None) -> str:
    """SHA-256 of all files of a model, and of a text encoder's folder beside it.

    A text encoder on the Hub is identified by its revision.
    """
    folder = Path(text_encoder) if text_encoder is not None else None
    more = filter(Path.is_file, folder.iterdir()) if folder and folder.is_dir() else ()
    return hash_of_files([*files_of(model), *more])
