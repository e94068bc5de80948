"""Content hashes, and the one JSON form that they are taken of."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def sha256(content: bytes) -> str:
    """Hexadecimal SHA-256 of bytes."""
    return hashlib.sha256(content).hexdigest()


def to_json(value: Mapping[str, Any]) -> bytes:
    """Indented UTF-8 JSON with sorted keys: equal values give equal bytes."""
    return (json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode("utf-8")


def digest(*parts: object) -> str:
    """Hexadecimal SHA-256 of the parts' texts."""
    return sha256("\x1f".join(map(str, parts)).encode("utf-8"))


def without_modules(value: Any) -> Any:
    """A configuration with every `_target_` reduced to the name of its class.

    Where a class lives is no part of what it computes: a module may be moved and the results made
    before remain valid.
    """
    if isinstance(value, Mapping):
        return {
            key: str(inner).rpartition(".")[2] if key == "_target_" else without_modules(inner)
            for key, inner in value.items()
        }
    return [without_modules(inner) for inner in value] if isinstance(value, list) else value


def config_hash(config: Mapping[str, Any]) -> str:
    """Identity of a configuration: equal values of classes of equal names have equal hashes."""
    return sha256(to_json(without_modules(config)))
