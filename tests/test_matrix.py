"""Every method in every task, through the command."""

import itertools
from typing import Any

import command_line
import pytest
from command_line import QUICK, ROOT, images, rows
from omegaconf import OmegaConf
from PIL import Image

from synclab.config.schema import build, locate
from synclab.core.protocols import NoisyMethod

CONF = ROOT / "conf"
SMALL = {
    "gaussians": ["task.count=200"],
    "mesh": ["task.texture=64"],
    "zoom": ["task.levels=2", "task.frames=2"],
}
"""Keys that keep a task's maps quick to find."""


def names(group: str) -> list[str]:
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


def suited(method: str, task: str) -> bool:
    """Tasks that begin with clean pixels refuse methods of noisy states (test_presets.py), and
    inpainting those that do not keep what is known.

    Tasks of pixels need a preset for such a method; a new one is left out until it has one.
    """
    if method == "outpainting" and task in ("ambiguous", "factorized"):
        return False
    body: Any = OmegaConf.load(CONF / "method" / f"{method}.yaml")
    target = body.get("_target_")
    if target and task == "inpainting":
        values: Any = OmegaConf.to_container(body)
        return build(values, "method").keeps_known
    if not (target and NoisyMethod in locate(target, "method").__mro__):
        return True
    preset = CONF / "preset" / "task" / "fixed" / f"{method}_{task}.yaml"
    return task in ("image", "wide", "regions") or preset.is_file()


MATRIX = [pair for pair in itertools.product(names("method"), names("task")) if suited(*pair)]
PAIRS = ["-".join(pair) for pair in MATRIX]


@pytest.mark.parametrize(("method", "task"), MATRIX, ids=PAIRS)
def test_every_method_runs_in_every_task(tmp_path, method, task):
    Image.new("RGB", (64, 32), "navy").save(tmp_path / "start.png")
    start = [f"task.start={tmp_path}/start.png"] if task == "panorama_8k" else []
    words = [f"method={method}", f"task={task}", "prior.shape=[3,8,8]", *start]
    results = tmp_path / "results"
    answer = command_line.run(*QUICK, *words, *SMALL.get(task, []), f"results={results}")
    assert answer.code == 0, answer.err
    (row,) = rows(results)
    assert row.removesuffix(".json") + ".png" in images(results)
