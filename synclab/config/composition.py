"""Composes the jobs of a command line and their values, without Hydra's launcher."""

from collections.abc import Sequence
from typing import Any

from hydra import compose
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf


def jobs(arguments: Sequence[str]) -> list[list[str]]:
    """The overrides of each job; the command line takes precedence over an experiment."""
    parser = OverridesParser.create()
    mine = parser.parse_overrides(list(arguments))
    plain = [o.input_line or "" for o in mine if not o.is_sweep_override()]
    config = compose("config", overrides=plain, return_hydra_config=True)
    params = OmegaConf.to_container(config.hydra.sweeper.get("params") or OmegaConf.create())
    assert isinstance(params, dict)
    swept = parser.parse_overrides([f"{key}={value}" for key, value in params.items()])
    (batch,) = BasicSweeper.split_arguments([*swept, *mine], None)
    return [list(job) for job in batch]


def read_job(overrides: Sequence[str]) -> tuple[Any, dict[str, Any]]:
    """The choice for each group, and all values of one job as its run would see them."""
    config = compose("config", overrides=list(overrides), return_hydra_config=True)
    HydraConfig.instance().set_config(config)
    values = {str(key): config[key] for key in config if key != "hydra"}
    return config.hydra.runtime.choices, {key: plain(value) for key, value in values.items()}


def plain(value: Any) -> Any:
    """A value without references to others."""
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
