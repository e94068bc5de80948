"""Turns Hydra's errors into one line that names the key, the value and the nearest choice."""

import re
import sys
from collections.abc import Sequence

from hydra.errors import HydraException, OverrideParseException

from synclab.config.queue_keys import LAUNCHER, right_key
from synclab.errors import UserError, nearest
from synclab.places import CONF

GROUPS = ("method", "task", "prior", "preset", "experiment")
"""Groups of conf/ from which one file is chosen."""

SBATCH = f"{LAUNCHER}.sbatch"


def explain(error: HydraException) -> str:
    """The line for one of Hydra's errors."""
    if isinstance(error, OverrideParseException):
        return f"{error.override}: expected key=value, with quotes around special letters ({error})"
    text = " ".join(str(part) for part in (error, error.__cause__) if part)
    for pattern, describe in (
        (r"Could not find '(?P<group>[\w/]+)/(?P<name>[^']*)'", _unknown_choice),
        (r"Could not override '(?P<key>[\w./@-]+)'", _unknown_key),
        (r"is not in struct\s+full_key: (?P<key>hydra\.launcher\.[\w.-]+)", _unknown_key),
    ):
        if match := re.search(pattern, text):
            return describe(**match.groupdict())
    return str(error)


def check_choices(arguments: Sequence[str]) -> None:
    """Refuses a list as the choice of a group, on which Hydra ends in a traceback.

    Raises: UserError that names the choices.
    """
    for argument in arguments:
        group, _, name = argument.partition("=")
        if name.startswith(("[", "{")) and group in GROUPS:
            raise UserError(_unknown_choice(group, name))


def _unknown_choice(group: str, name: str) -> str:
    choices = [path.stem for path in (CONF / group).glob("*.yaml")]
    return f"{group}={name}: no such choice; {nearest(name, choices)}"


def no_choice() -> str:
    """The line for a group without a choice, as in method=null; Hydra does not name the group."""
    for argument in sys.argv[1:]:
        group, _, name = argument.partition("=")
        if (CONF / group).is_dir() and name in ("null", "None"):
            return _unknown_choice(group, name)
    return "a group has no choice; expected group=NAME"


def _unknown_key(key: str) -> str:
    parent, _, name = key.rpartition(".")
    if parent.startswith(LAUNCHER) and (answer := right_key(key, set(known_keys(SBATCH)))):
        return answer
    return f"{key}: no such key; {nearest(name, known_keys(parent))}"


def known_keys(group: str) -> list[str]:
    """Keys of a group as the command line chose it, or of the whole configuration."""
    from hydra import compose, initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra
    from omegaconf import OmegaConf

    groups = r"(method|task|prior|preset|hydra/launcher)=\w+"
    chosen = [a for a in sys.argv[1:] if re.fullmatch(groups, a)]
    inside = group.startswith("hydra")
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", overrides=chosen, return_hydra_config=inside)
    node = OmegaConf.select(config, group) if group else config
    return [str(key) for key in (node if OmegaConf.is_dict(node) else config)]
