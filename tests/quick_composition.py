"""Hydra's composition in half the time: tests compose a thousand configurations.

The changes leave the configuration as it is; real processes of the command run without them.
"""

import copy
import functools
import itertools
import pickle
from typing import Any
from unittest import mock

import hydra.version
import omegaconf.base
from hydra._internal import defaults_list
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_repository import ConfigRepository, IConfigRepository
from hydra._internal.hydra import Hydra
from hydra.core.config_store import ConfigNode, ConfigStore
from hydra.core.default_element import InputDefault, ResultDefault
from hydra.core.object_type import ObjectType
from hydra.plugins.config_source import ConfigResult, ConfigSource
from omegaconf import DictConfig

from synclab.places import CONF

MODE = ("hydra.mode=", "experiment=", "+experiment=", "hydra/", "--")
"""Arguments that may set the mode; without one it is None."""

NOTHING = DictConfig({}, flags={"readonly": True})

load_configuration = ConfigLoaderImpl.load_configuration
look_up_mode = Hydra.get_mode
merge_defaults = ConfigLoaderImpl._compose_config_from_defaults_list
read_config = ConfigRepository.load_config
map_choices = defaults_list._create_interpolation_map
stored: dict[int, tuple[Any, bytes]] = {}
files: dict[tuple[str, str], bytes] = {}
merged: dict[tuple[tuple[str | None, str | None], ...], bytes] = {}


def mode(self: Hydra, config_name: str | None, overrides: list[str]) -> Any:
    """Composes the whole configuration to read `hydra.mode` only where something sets it."""
    if any(word.startswith(MODE) for word in overrides):
        return look_up_mode(self, config_name, overrides)
    return None


def load(self: ConfigStore, config_path: str) -> ConfigNode:
    """A stored configuration; a pickled copy takes a tenth of the time of a deep one."""
    found = copy.copy(self._load(config_path))
    assert isinstance(found, ConfigNode)
    if id(found.node) not in stored:
        stored[id(found.node)] = found.node, pickle.dumps(found.node)
    found.node = pickle.loads(stored[id(found.node)][1])
    return found


def lasts(source: ConfigSource) -> bool:
    """Whether it holds the project's own files or Hydra's; files of a test may change."""
    return source.scheme() in ("pkg", "structured") or source.path == str(CONF)


def load_file(self: ConfigRepository, config_path: str) -> ConfigResult | None:
    """A YAML file, parsed once by each process."""
    source = self._find_object_source(config_path, ObjectType.CONFIG)
    if source is None or not lasts(source):
        return read_config(self, config_path)
    key = source.path, config_path
    if key not in files:
        files[key] = pickle.dumps(read_config(self, config_path))
    return pickle.loads(files[key])


def merge(
    self: ConfigLoaderImpl, defaults: list[ResultDefault], repo: IConfigRepository
) -> DictConfig:
    """The files of a defaults list, merged once by each process, and so is Hydra's own part."""
    if not all(map(lasts, repo.get_sources())):
        return merge_defaults(self, defaults, repo)
    key = tuple((default.config_path, default.package) for default in defaults)
    if key not in merged:
        merged[key] = pickle.dumps(merge_parts(self, defaults, repo))
    return pickle.loads(merged[key])


def merge_parts(
    self: ConfigLoaderImpl, defaults: list[ResultDefault], repo: IConfigRepository
) -> DictConfig:
    hydra = list(itertools.takewhile(is_hydras, defaults))
    own = defaults[len(hydra) :]
    if not hydra or not own:
        return merge_defaults(self, defaults, repo)
    config = merge(self, hydra, repo)
    config.merge_with(merge_defaults(self, own, repo))
    return config


def is_hydras(default: ResultDefault) -> bool:
    return (default.config_path or "").startswith("hydra/")


def known_choices(
    overrides: defaults_list.Overrides, defaults: list[InputDefault], self_added: bool
) -> DictConfig:
    """What `${...}` in a defaults list may name, if there is one; Hydra makes it for every file."""
    if any(default.is_interpolation() for default in defaults):
        return map_choices(overrides, defaults, self_added)
    return NOTHING


def copied(self: DictConfig, memo: dict[int, Any]) -> DictConfig:
    """A deep copy below the same parent; pickling takes a fifth of the time."""
    own = vars(self)
    parent, own["_parent"] = own["_parent"], None
    try:
        twin = pickle.loads(pickle.dumps(self))
    finally:
        own["_parent"] = parent
    vars(twin)["_parent"] = parent
    return twin


def compose(self: ConfigLoaderImpl, *arguments: Any, **named: Any) -> DictConfig:
    with mock.patch.object(DictConfig, "__deepcopy__", copied):
        return load_configuration(self, *arguments, **named)


def install() -> None:
    ConfigLoaderImpl.load_configuration = compose
    ConfigLoaderImpl._compose_config_from_defaults_list = merge
    defaults_list._create_interpolation_map = known_choices
    hydra.version._get_version = functools.cache(hydra.version._get_version)
    omegaconf.base.parse = functools.cache(omegaconf.base.parse)
    ConfigRepository.load_config = load_file
    Hydra.get_mode = mode
    ConfigStore.load = load
