"""Reads YAML files by libyaml, which takes a fraction of the time of PyYAML's own parser."""

from pathlib import Path
from typing import Any

import yaml

from synclab.errors import UserError

try:
    from yaml import CSafeLoader as Loader
except ImportError:  # PyYAML was built without libyaml
    from yaml import SafeLoader as Loader


def read_yaml(path: Path) -> Any:
    """The values of a file, of plain types.

    Raises: UserError if there is no such file, or if it is not YAML.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader)
    except (OSError, yaml.YAMLError) as error:
        raise UserError(f"{path}: not readable YAML ({error})") from error
