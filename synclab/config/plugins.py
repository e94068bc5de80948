"""User packages whose classes a configuration may name: the key `plugins`."""

import importlib.util
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any

from synclab.core.hashing import digest, sha256
from synclab.errors import UserError

distributions = cache(packages_distributions)
"""Names of the installed distributions of each package; finding them takes a sixth of a second."""

_allowed: set[str] = set()
"""Allowed packages of this process's current job."""


def allow(names: Iterable[str]) -> None:
    """Allows only classes of synclab and of these packages from now on.

    Raises: UserError for a package that is not installed.
    """
    _allowed.clear()
    for name in names:
        find(name)
        _allowed.add(name)


def is_allowed(module: str) -> bool:
    """Whether a configuration may name classes of a module."""
    return module.partition(".")[0] in {"synclab", *_allowed}


def find(name: str) -> list[Path]:
    """The Python files of a package or a module, in order.

    Raises: UserError for an invalid name, or one that Python does not find.
    """
    if not re.fullmatch(r"[^\W\d]\w*", name):
        raise UserError(f"plugins=[{name}]: expected names of packages; say plugins=[mypackage]")
    spec = None if name == "__main__" else importlib.util.find_spec(name)
    if spec is None or not (spec.submodule_search_locations or spec.has_location):
        raise UserError(
            f"plugins=[{name}]: no such package; install it, or put its folder on PYTHONPATH"
        )
    if spec.submodule_search_locations:
        return sorted(
            f for root in spec.submodule_search_locations for f in Path(root).rglob("*.py")
        )
    return [Path(str(spec.origin))]


def identify(body: Mapping[str, Any]) -> dict[str, dict[str, str | None]]:
    """Version and content hash of each allowed package whose classes a configuration names."""
    named = {target.partition(".")[0] for target in targets(body)}
    return {name: describe(name) for name in sorted(named & _allowed)}


def describe(name: str) -> dict[str, str | None]:
    """A package's version, None if it is not installed, and the hash of its Python files."""
    owners = distributions().get(name, [])
    contents = [(file.name, sha256(file.read_bytes())) for file in find(name)]
    return {"version": version(owners[0]) if owners else None, "sha256": digest(*contents)}


def targets(value: Any) -> Iterator[str]:
    """Every `_target_` of a configuration."""
    if isinstance(value, Mapping):
        yield from [str(inner) for key, inner in value.items() if key == "_target_"]
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from targets(inner)
