"""Every method in every task, through the command."""

import itertools
from typing import Any

import command_line
import pytest
from command_line import QUICK, ROOT, images, rows
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from PIL import Image

from synclab.config.schema import build, locate
from synclab.core.protocols import NoisyMethod
from synclab.errors import UserError

CONF = ROOT / "conf"
SMALL = {
    "edit": ["task.inversion_steps=3", "prompt=a desert | a sea"],
    "gaussians": ["task.count=200"],
    "mesh": ["task.texture=64"],
    "motion": ["prior.shape=[263,1,8]", "task.overlap=2", "task.segments=2", "task.film=false"],
    "zoom": ["task.levels=2", "task.frames=2"],
}
"""Keys that keep a task's maps quick to find."""


def names(group: str) -> list[str]:
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


CANVASES = ("image", "wide", "regions", "masked", "motion")
"""Tasks of one latent canvas, whose views are crops of it."""


def suited(method: str, task: str) -> bool:
    """Tasks that begin with clean pixels refuse methods of noisy states (test_presets.py), and
    inpainting and edits those that do not keep what is known; some methods only edit.

    Tasks of pixels need a preset for such a method; a new one is left out until it has one.
    """
    if method in ("sdedit", "ddib", "ddim_inversion", "negative_prompt_inversion"):
        return task == "edit"
    if method == "outpainting" and task in ("ambiguous", "factorized"):
        return False
    body: Any = OmegaConf.load(CONF / "method" / f"{method}.yaml")
    target = body.get("_target_")
    if target and task in ("inpainting", "edit"):
        values: Any = OmegaConf.to_container(body)
        return build(values, "method").keeps_known
    if method in ("diffcollage", "doubletake"):
        return task in CANVASES
    if method == "syncdiffusion" and task == "motion":
        return False
    if not (target and NoisyMethod in locate(target, "method").__mro__):
        return True
    preset = CONF / "preset" / "task" / "fixed" / f"{method}_{task}.yaml"
    return task in CANVASES or preset.is_file()


def representatives() -> set[str]:
    """One method of each class, the first by name, and what is no plain configuration."""
    by_class: dict[str, str] = {}
    for name in names("method"):
        body: Any = OmegaConf.load(CONF / "method" / f"{name}.yaml")
        by_class.setdefault(body.get("_target_", name), name)
    return set(by_class.values())


REPRESENTATIVES = representatives()
ENOUGH = {"ddim", "multidiffusion", "sds", "stochsync", "syncsde", "synctweedies"}
"""Methods that always run in every task; others do with -m every_pair, and always in one."""

EVERY = list(itertools.product(names("method"), names("task")))
MATRIX = [
    (method, task)
    for method, task in EVERY
    if suited(method, task) and (method in REPRESENTATIVES or task == "image")
]
"""Each class of methods in each task, and each method in one."""

USUAL = [
    (method, task)
    for method, task in MATRIX
    if method in ENOUGH or task == next(own for name, own in MATRIX[::-1] if name == method)
]
"""Pairs that always run; test_methods.py tries all methods in all kinds of spaces."""

REST = [pair for pair in EVERY if pair not in USUAL]


def parameters(pairs: list[tuple[str, str]]) -> list[object]:
    marks = [() if pair in USUAL else (pytest.mark.every_pair,) for pair in pairs]
    return [
        pytest.param(*pair, marks=own, id="-".join(pair))
        for pair, own in zip(pairs, marks, strict=True)
    ]


@pytest.mark.parametrize(("method", "task"), parameters(MATRIX))
def test_every_method_runs_in_every_task(tmp_path, method, task):
    Image.new("RGB", (64, 32), "navy").save(tmp_path / "start.png")
    start = [f"task.start={tmp_path}/start.png"] if task == "panorama_8k" else []
    words = [f"method={method}", f"task={task}", "prior.shape=[3,8,8]", *start]
    results = tmp_path / "results"
    answer = command_line.run(*QUICK, *words, *SMALL.get(task, []), f"results={results}")
    assert answer.code == 0, answer.err
    (row,) = rows(results)
    assert row.removesuffix(".json") + ".png" in images(results)


@pytest.mark.parametrize(("method", "task"), REST, ids=["-".join(pair) for pair in REST])
def test_every_other_pair_fits_or_is_refused_in_a_line(method, task):
    """Pairs that do not run here, and those that no preset makes fit."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", overrides=[f"method={method}", f"task={task}"])
    if "start" in config.task:
        config.task.start = "a/folder"  # which only a running job knows
    bodies: Any = {
        key: OmegaConf.to_container(config[key], resolve=True) for key in ("method", "task")
    }
    the_task = build(bodies["task"], "task")
    the_method = build(bodies["method"], "method")
    if suited(method, task):
        the_task.check(the_method, method)
        return
    with pytest.raises(UserError) as refusal:
        the_task.check(the_method, method)
    assert "\n" not in str(refusal.value)
