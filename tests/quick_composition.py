"""Hydra's composition in a fraction of the time: tests compose thousands of configurations.

The changes leave the configuration as it is; real processes of the command run without them.
"""

import copy
import dataclasses
import functools
import itertools
import pickle
from typing import Any
from unittest import mock

import hydra.version
import omegaconf.base
import yaml
from hydra._internal import config_loader_impl, defaults_list
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_repository import (
    CachingConfigRepository,
    ConfigRepository,
    IConfigRepository,
)
from hydra._internal.defaults_list import DefaultsList, Overrides
from hydra._internal.hydra import Hydra
from hydra.core.config_store import ConfigNode, ConfigStore
from hydra.core.default_element import InputDefault, ResultDefault
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.types import Override
from hydra.plugins.config_source import ConfigResult, ConfigSource
from omegaconf import DictConfig, OmegaConf

from synclab.places import CONF

MODE = ("hydra.mode=", "experiment=", "+experiment=", "hydra/", "--")
"""Arguments that may set the mode; without one it is None."""

NOTHING = DictConfig({}, flags={"readonly": True})

look_up_mode = Hydra.get_mode
merge_defaults = ConfigLoaderImpl._compose_config_from_defaults_list
read_config = ConfigRepository.load_config
find_source = ConfigRepository._find_object_source
list_files = defaults_list.create_defaults_list
stored: dict[int, tuple[Any, bytes]] = {}
sources: dict[tuple[object, ...], ConfigSource | None] = {}
files: dict[tuple[str, str], ConfigResult | None] = {}
listed: dict[tuple[object, ...], DefaultsList] = {}
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


def find(
    self: ConfigRepository, config_path: str, object_type: ObjectType | None
) -> ConfigSource | None:
    """Where a file or group lies, looked up once by each process."""
    if not all(map(lasts, self.sources)):
        return find_source(self, config_path, object_type)
    key = config_path, object_type, *(source.path for source in self.sources)
    if key not in sources:
        sources[key] = find_source(self, config_path, object_type)
    return sources[key]


def load_file(self: ConfigRepository, config_path: str) -> ConfigResult | None:
    """A YAML file, parsed once by each process; to be read only, see `Copies`."""
    source = self._find_object_source(config_path, ObjectType.CONFIG)
    if source is None or not lasts(source):
        return read_config(self, config_path)
    key = source.path, config_path
    if key not in files:
        with mock.patch.object(yaml, "SafeLoader", yaml.CSafeLoader):
            files[key] = read_config(self, config_path)
    return files[key]


class Copies(CachingConfigRepository):
    """Files of a repository to write to."""

    def load_config(self, config_path: str) -> ConfigResult | None:
        return copy.deepcopy(self.delegate.load_config(config_path))


def share(self: CachingConfigRepository, delegate: IConfigRepository) -> None:
    """Hydra copies the sources, which no one changes."""
    self.delegate, self.cache = copy.copy(delegate), {}


def list_once(
    repo: IConfigRepository, config_name: str | None, overrides_list: list[Override], **named: bool
) -> DefaultsList:
    """The files that equal choices lead to, listed once by each process."""
    here = repo.get_sources()
    own = Overrides(repo, overrides_list)
    if not all(map(lasts, here)):
        return list_files(repo, config_name, overrides_list, **named)
    choices = own.override_choices, own.append_group_defaults, own.deletions
    key = config_name, repr(choices), *named.items(), *(source.path for source in here)
    if key not in listed:
        listed[key] = list_files(repo, config_name, overrides_list, **named)
    return dataclasses.replace(listed[key], config_overrides=own.config_overrides)


def merge(
    self: ConfigLoaderImpl, defaults: list[ResultDefault], repo: IConfigRepository
) -> DictConfig:
    """The files of a defaults list, merged once by each process, and so is Hydra's own part."""
    if not all(map(lasts, repo.get_sources())):
        return merge_defaults(self, defaults, Copies(repo))
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
        return merge_defaults(self, defaults, Copies(repo))
    config = merge(self, hydra, repo)
    config.merge_with(merge_defaults(self, own, Copies(repo)))
    return config


def is_hydras(default: ResultDefault) -> bool:
    return (default.config_path or "").startswith("hydra/")


def known_choices(
    overrides: Overrides, defaults: list[InputDefault], self_added: bool
) -> DictConfig:
    """What `${...}` in a defaults list may name, if there is one; Hydra makes it for every file.

    The choices of all groups alone: `${defaults.1}`, of Hydra 1.0, is nowhere in conf/.
    """
    if any(default.is_interpolation() for default in defaults):
        return OmegaConf.create(overrides.known_choices)
    return NOTHING


def copied(self: DictConfig, memo: dict[int, Any]) -> DictConfig:
    """A deep copy below the same parent; pickling takes a fifth of the time."""
    nodes = self, *children(self)
    parents = [vars(node)["_parent"] for node in nodes]
    try:
        for node in nodes:
            vars(node)["_parent"] = None
        twin = pickle.loads(pickle.dumps(self))
    finally:
        for node, parent in zip(nodes, parents, strict=True):
            vars(node)["_parent"] = parent
    for child in children(twin):  # also where those of a partial copy had the whole as parent
        vars(child)["_parent"] = twin
    vars(twin)["_parent"] = parents[0]
    return twin


def children(config: DictConfig) -> list[Any]:
    content = vars(config)["_content"]
    return list(content.values()) if isinstance(content, dict) else []


def install() -> None:
    DictConfig.__deepcopy__ = copied
    ConfigLoaderImpl._compose_config_from_defaults_list = merge
    defaults_list._create_interpolation_map = known_choices
    hydra.version._get_version = functools.cache(hydra.version._get_version)
    omegaconf.base.parse = functools.cache(omegaconf.base.parse)
    config_loader_impl.create_defaults_list = list_once
    CachingConfigRepository.__init__ = share
    ConfigRepository._find_object_source = find
    ConfigRepository.load_config = load_file
    Hydra.get_mode = mode
    ConfigStore.load = load
