"""Values of presets and protocols are those of papers and released code, each with its source."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from synclab.config.yaml_files import read_yaml
from synclab.core.protocols import Sample
from synclab.metrics.protocol import read_protocol
from synclab.places import CONF
from synclab.tasks.ambiguous import AmbiguousTask
from synclab.tasks.wide import WideTask

TABLE = Path(__file__).with_name("published_constants.yaml")
PUBLISHED = ("paper", "code")


class Constant(NamedTuple):
    """One line of the table for one preset."""

    method: str
    task: str
    preset: str
    key: str
    value: Any
    source: str


def table() -> dict[str, list[list[Any]]]:
    return read_yaml(TABLE)


def constants() -> Iterator[Constant]:
    """The lines about presets, those of both presets twice."""
    for method, task, preset, *rest in table()["presets"]:
        for name in PUBLISHED if preset == "both" else [preset]:
            yield Constant(method, task, name, *rest)


CONSTANTS = list(constants())


@cache
def composed(method: str, task: str, preset: str) -> Any:
    """A run of a preset with the prior of StochSync's paper."""
    words = [f"method={method}", f"task={task}", f"preset={preset}", "prior=sd21_base"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("config", overrides=words)


@pytest.mark.parametrize("constant", CONSTANTS, ids=lambda c: "-".join(c[:4]))
def test_a_preset_has_the_published_value(constant: Constant) -> None:
    config = composed(constant.method, constant.task, constant.preset)
    value = OmegaConf.select(config, constant.key, default="")
    value = value.rpartition(".")[2] if constant.key.endswith("_target_") else value
    assert value == constant.value, constant.source


def leaves(body: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in body.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


@pytest.mark.parametrize("preset", PUBLISHED)
def test_every_value_of_a_published_preset_has_its_source(preset: str) -> None:
    known = {f"{c.method}_{c.task}.{c.key}" for c in CONSTANTS if c.preset == preset and c.source}
    files = sorted((CONF / "preset" / "task" / preset).glob("*.yaml"))
    stated = {f"{file.stem}.{key}" for file in files for key in leaves(read_yaml(file))}
    assert stated <= known, f"add a line with its source to {TABLE.name}"


def test_no_constant_stands_twice() -> None:
    keys = [constant[:4] for constant in CONSTANTS]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    ("protocol", "task", "key", "value", "source"),
    table()["protocols"],
    ids=["-".join(line[:3]) for line in table()["protocols"]],
)
def test_a_protocol_has_the_published_value(
    protocol: str, task: str, key: str, value: Any, source: str
) -> None:
    found = read_protocol(protocol, task)
    body = OmegaConf.create({**found.body, **found.asked})
    assert OmegaConf.select(body, key) == value, source


@pytest.mark.parametrize(("prior", "key", "value", "source"), table()["priors"])
def test_a_prior_has_the_published_value(prior: str, key: str, value: Any, source: str) -> None:
    body = read_yaml(CONF / "prior" / f"{prior}.yaml")
    assert body[key] == value, source


# A prompt and its prefix


class Texts:
    """A prior that answers with the texts it was given."""

    def embed(self, prompt: str) -> str:
        return prompt


@pytest.mark.parametrize(
    ("task", "prompt"),
    [
        (WideTask(prompt_prefix="Best quality, extremely detailed "), "a city"),
        (AmbiguousTask(prompt_prefix="Best quality, extremely detailed "), " a city "),
    ],
)
def test_the_prefix_stands_before_the_prompt(task: Any, prompt: str) -> None:
    encoded = task.condition(Texts(), Sample("city", prompt, 0))
    assert encoded == "Best quality, extremely detailed a city"


def test_the_prefix_stands_before_each_reading() -> None:
    task: Any = AmbiguousTask(prompt_prefix="a sketch of ")
    readings = task.condition(Texts(), Sample("two", "a horse | a village", 0))
    assert readings.texts == ["a sketch of a horse", "a sketch of a village"]
