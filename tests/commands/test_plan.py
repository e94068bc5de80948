"""Plans: counted work is what runs take, and no model is loaded for it."""

import json
import logging
from typing import Any

import command_line
import pytest
import torch
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from synclab import plan
from synclab.config.schema import build
from synclab.config.yaml_files import read_yaml
from synclab.errors import UserError
from synclab.jobs.counting import FEW, count
from synclab.places import CONF, COSTS

METHODS = {
    "ddim": ["method.steps=3"],
    "stochsync": ["method.steps=4", "method.ode_steps=3"],
    "syncdiffusion": ["method.steps=2"],
    "synctweedies": ["method.steps=3"],
    "sds": ["method.steps=3"],
}


def table(*arguments: str, monkeypatch, caplog) -> tuple[int, list[list[str]]]:
    """The plan's lines as cells, the last line left out."""
    monkeypatch.setattr("sys.argv", ["synclab.plan", *arguments])
    with caplog.at_level(logging.INFO):
        code = plan.main()
    return code, [line.split() for line in caplog.messages[1:-1]]


def counted(*overrides: str):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config: Any = compose("config", overrides=list(overrides))
    body: Any = OmegaConf.to_container(OmegaConf.masked_copy(config, ["task", "method"]))
    task, method = (build(body[g], g) for g in ("task", "method"))
    return count(task, method, (4, 16, 16))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("task", ["wide", "image"])
def test_counted_is_what_a_run_takes(checkpoint, tmp_path, method, task):
    keys = (f"method={method}", *METHODS[method], f"task={task}")
    prior = (
        "prior=tiny",
        f"prior.path={checkpoint}",
        "prior.lora=null",
        "num_threads=1",
        f"results={tmp_path}",
    )
    answer = command_line.run(*keys, *prior)
    assert answer.code == 0, answer.err
    (row,) = command_line.rows(tmp_path).values()
    assert counted(*keys).denoiser == row["nfe"]


def test_long_methods_are_counted_by_their_first_steps():
    short, long = (counted("method=sds", f"method.steps={n}").denoiser for n in (FEW, 50 * FEW))
    assert long == 50 * short


def test_a_sweep_is_planned_without_a_model(monkeypatch, caplog):
    monkeypatch.setattr(torch.nn.Module, "__init__", None)  # no network could be made
    arguments = ("method=ddim,stochsync", "task=wide,image", "prompts=demo", "prior=sd21_base")
    code, lines = table(*arguments, monkeypatch=monkeypatch, caplog=caplog)
    assert code == 0
    assert [line[0] for line in lines] == [
        "wide/ddim", "image/ddim", "wide/stochsync", "image/stochsync",
    ]  # fmt: skip
    assert {line[1] for line in lines} == {"5"}
    tflop = float(lines[1][4])
    assert tflop == pytest.approx(int(lines[1][3]) * 0.804 + 2.515, rel=1e-3)


def test_an_experiment_is_planned_and_the_command_line_wins(monkeypatch, caplog):
    arguments = ("experiment=ablation", "method=ddim", "prior=tiny", "device=10")
    code, lines = table(*arguments, monkeypatch=monkeypatch, caplog=caplog)
    assert code == 0
    assert [line[0] for line in lines] == ["panorama/ddim"]
    code, lines = table("experiment=ablation", "prior=tiny", monkeypatch=monkeypatch, caplog=caplog)
    assert code == 0
    assert "panorama/ablation_6" in [line[0] for line in lines]


def test_every_prior_has_its_cost():
    costs = read_yaml(COSTS)["priors"]
    assert {path.stem for path in (CONF / "prior").glob("*.yaml")} == costs.keys()


def test_a_prior_without_a_cost_is_told_how_to_get_one():
    with pytest.raises(UserError) as refused:
        plan.cost_of("mine", {"priors": {"tiny": {}}})
    for part in ("prior=mine: its cost is not in", "costs.yaml", "add the line 'mine: {shape"):
        assert part in str(refused.value)


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (2.8e-5, "<0.01"), (0.0136, "0.0136"), (34.8, "34.8"), (16957.2, "16957")],
)
def test_numbers_are_written_without_exponents(number, text):
    assert plan.readable(number) == text


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ([], "hours on one h200 at 346 TFLOP/s; choose another with device=NAME"),
        (["device=a100"], "hours on one a100 at 109 TFLOP/s"),
        (["device=12"], "hours on one device at 12 TFLOP/s"),
    ],
)
def test_the_device_is_named(words, text, monkeypatch, caplog):
    keys = ("method=ddim", "task=image", "prior=exact")
    table(*keys, *words, monkeypatch=monkeypatch, caplog=caplog)
    assert text in caplog.messages[-1]


def test_what_is_done_is_left_out_and_its_seconds_are_told(tmp_path, monkeypatch, caplog):
    keys = ("prior=exact", "task=image", "method=ddim", "method.steps=2", f"results={tmp_path}")
    assert command_line.run(*keys, "prompts=demo", "shard=1/5").code == 0
    (row,) = tmp_path.rglob("*-s0.json")
    seconds = json.loads(row.read_text())["seconds"]["total"]
    code, (line,) = table(*keys, "prompts=demo", monkeypatch=monkeypatch, caplog=caplog)
    assert code == 0
    assert line[1:3] == ["5", "1"]
    assert line[7] == f"{seconds:.1f}"


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        ("device=abacus", "device=abacus: expected TFLOP/s above 0 or a name; "),
        ("device=-1", "device=-1: expected TFLOP/s above 0"),
        ("methd=ddim", "methd: no such key; did you mean 'method'?"),
        ("method=ddmi", "method=ddmi: no such choice; did you mean 'ddim'?"),
        ("method.steps=x", "method.steps=x: input should be a valid integer"),
        ("shard=5/3", "shard=5/3: expected i/n"),
        ("prompts=nowhere", "prompts=nowhere: no such prompt set or file"),
    ],
)
def test_one_clear_line(arguments, fragment, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["synclab.plan", *arguments.split()])
    assert plan.main() == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("synclab: ")
    assert fragment in line
