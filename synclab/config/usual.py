"""The values that named choices give by themselves, remembered between commands.

Composing them takes Hydra half a second. The memory is a small file in the user's cache folder, for
the configuration files as they are now; if it is damaged or not writable, they are composed again.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from hydra import __version__, initialize_config_dir
from hydra.errors import HydraException

from synclab.config.composition import read_job
from synclab.core.atomic import write_atomically
from synclab.core.file_hash import cache_folder, state
from synclab.core.hashing import digest, to_json
from synclab.places import CONF


@cache
def usual(chosen: Sequence[str]) -> Mapping[str, Any]:
    """All values of a job with these choices only; empty if they no longer exist.

    Args:
        chosen: such as ("method=sds", "task=panorama", "prior=tiny", "preset=fixed"), hashable.
    """
    key, known = " ".join(chosen), remembered()
    if key not in known:
        known[key] = composed(chosen)
        with suppress(OSError):
            memory().parent.mkdir(parents=True, exist_ok=True)
            write_atomically(memory(), to_json(known))
    return known[key]


def composed(chosen: Sequence[str]) -> Mapping[str, Any]:
    try:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            return read_job(chosen)[1]
    except HydraException:
        return {}


@cache
def memory() -> Path:
    """Path of the file, which is another when a configuration file had changed by the start."""
    files = sorted(CONF.rglob("*.yaml"))
    return cache_folder() / f"usual-{digest(__version__, *map(state, files))[:16]}.json"


def remembered() -> dict[str, Any]:
    """All remembered values by their choices; empty if the file is missing or damaged."""
    with suppress(OSError, ValueError):
        known = json.loads(memory().read_text(encoding="utf-8"))
        return known if isinstance(known, dict) else {}
    return {}
