"""Content hashes, and the canonical JSON form that is hashed."""

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any


def sha256(content: bytes) -> str:
    """Hexadecimal SHA-256 of bytes."""
    return hashlib.sha256(content).hexdigest()


def to_json(value: Mapping[str, Any]) -> bytes:
    """Indented UTF-8 JSON with sorted keys: equal values give equal bytes."""
    return (json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode("utf-8")


def digest(*parts: object) -> str:
    """Hexadecimal SHA-256 of the parts, each converted to text."""
    return sha256("\x1f".join(map(str, parts)).encode("utf-8"))


def without_modules(value: Any) -> Any:
    """A configuration with every `_target_` reduced to the name of its class.

    The module of a class does not affect what it computes, so moving a module keeps earlier results
    valid.
    """
    if isinstance(value, Mapping):
        return {
            key: str(inner).rpartition(".")[2] if key == "_target_" else without_modules(inner)
            for key, inner in value.items()
        }
    return [without_modules(inner) for inner in value] if isinstance(value, list) else value


def config_hash(config: Mapping[str, Any]) -> str:
    """Hash of a configuration by its values and class names, independent of module paths."""
    return hash_of_json(json.dumps(config, ensure_ascii=False, sort_keys=True))


@lru_cache(maxsize=256)
def hash_of_json(config: str) -> str:
    """The same from compact JSON; remembered, since all rows of a folder share a configuration."""
    return sha256(to_json(without_modules(json.loads(config))))
