"""Presets: every published value reaches its class, and what was not published is refused."""

import dataclasses
import itertools
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from synclab.config import presets
from synclab.config.schema import build, locate
from synclab.errors import UserError
from synclab.places import CONF

FOLDER = CONF / "preset" / "task"
FILES = sorted(path for name in ("paper", "code") for path in (FOLDER / name).glob("*.yaml"))
METHODS = [path.stem for path in (CONF / "method").glob("*.yaml")]
TASKS = [path.stem for path in (CONF / "task").glob("*.yaml")]
NAMES = {f"{method}_{task}": (method, task) for method, task in itertools.product(METHODS, TASKS)}


def composed(*overrides: str) -> dict:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", overrides=list(overrides))
    if "start" in config.task:
        config.task.start = "a/folder"  # which only a running job knows
    return {key: OmegaConf.to_container(config[key], resolve=True) for key in ("method", "task")}


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_preset_names_its_source_and_fills_its_classes(path):
    assert path.stem in NAMES, "a preset is called METHOD_TASK"
    method, task = NAMES[path.stem]
    body = composed(f"preset={path.parent.name}", f"method={method}", f"task={task}")
    built = {key: build(body[key], key) for key in body}
    built["task"].check(built["method"], method)
    said: Any = OmegaConf.load(path)
    for group in ("method", "task"):
        for key, value in said.get(group, {}).items():
            assert key == "_target_" or getattr(built[group], key) == value
    assert path.read_text().startswith("# ")
    presets.check(path.parent.name, method, task)


@pytest.mark.parametrize("preset", ["paper", "code"])
def test_what_was_not_published_is_refused(preset):
    with pytest.raises(UserError, match=f"preset={preset}: no published values of method=ism"):
        presets.check(preset, "ism", "wide")


def test_the_ablation_runs_all_six_rows():
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", overrides=["experiment=ablation"], return_hydra_config=True)
    rows = config.hydra.sweeper.params.method.split(",")
    bodies = [composed(f"method={row}", "task=panorama")["method"] for row in rows]
    switches = [(b["stochasticity"] == "maximum", b["multi_step"], b["disjoint"]) for b in bodies]
    assert len(set(switches)) == 6 and (False, False, False) in switches


@pytest.mark.parametrize("group", ["method", "task"])
def test_a_class_and_its_file_state_the_same_defaults(group):
    """A value that both state is the same; a file named after another module is a variant."""
    for path in (CONF / group).glob("*.yaml"):
        body: Any = OmegaConf.to_container(OmegaConf.load(path))
        target = body.pop("_target_", "")
        if path.stem != target.split(".")[-2:][0]:
            continue
        cls = locate(target, group)
        for field in dataclasses.fields(cls):
            value = as_field(body.get(field.name))
            literal = field.name in body and "${" not in str(value)
            if literal and field.default is not dataclasses.MISSING:
                assert field.default == value, f"{path}: {field.name}"


def as_field(value: object) -> object:
    """A YAML list as a field has it."""
    return tuple(value) if isinstance(value, list) else value
