"""The command's promises: what a run writes, what a second one leaves, what a text becomes."""

import dataclasses
import hashlib
import json
import re
import sys
import textwrap
from pathlib import Path
from typing import Any

import command_line
import pytest
import torch
from command_line import QUICK, ROOT, images, rows
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from synclab.config.schema import locate
from synclab.core.hashing import config_hash
from synclab.jobs import environment
from synclab.jobs.job import cause_of_overflow
from synclab.jobs.session import load_prior

CONF = ROOT / "conf"
PROMPT = "prompt=a sandy desert at night"
GIVEN = {"device", "schedule", "meter"}  # what the code sets, never a configuration


def names(group: str) -> list[str]:
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


def composed(*overrides: str) -> Any:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", overrides=list(overrides))
    return OmegaConf.to_container(config)


@pytest.fixture
def results(tmp_path) -> Path:
    return tmp_path / "results"


@pytest.fixture
def run(results):
    """The quick command, expected to end well."""

    def command(*arguments: str) -> command_line.Answer:
        answer = command_line.run(*QUICK, f"results={results}", *arguments)
        assert answer.code == 0, answer.err
        return answer

    return command


def write_prompts(folder: Path, *prompts: str) -> str:
    path = folder / "set.txt"
    path.write_text("\n".join(prompts) + "\n", encoding="utf-8")
    return f"prompts={path}"


def stamps(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def only(paths: Any) -> Path:
    (path,) = paths
    return path


# What a run writes


def test_one_image_and_one_row(run, results):
    answer = run(PROMPT)
    image, row = only(results.rglob("*.png")), only(results.rglob("a-*.json"))
    assert image.parent == results / "exact" / "image" / "ddim"
    assert (image.stem, row.parent) == (row.stem, image.parent)
    told = {"config.json", "status.json", "run.log"}
    assert {path.name for path in image.parent.iterdir()} == {image.name, row.name} | told
    assert answer.err.splitlines() == ["image/ddim: 1 of 1 samples to do", str(image)]


def test_the_row_says_how_the_image_was_made(run, results):
    run(PROMPT, "seed=3")
    image, path = only(results.rglob("*.png")), only(results.rglob("a-*.json"))
    row = json.loads(path.read_text())
    config = json.loads((path.parent / "config.json").read_text())
    assert row["config"] == config
    assert (
        config["method"].items()
        >= {
            "_target_": "DDIM",
            "steps": 2,
            "guidance": 7.5,
        }.items()
    )
    assert row["hash"] == config_hash(config)
    assert row["sha256"] == hashlib.sha256(image.read_bytes()).hexdigest()
    assert (row["prompt"], row["seed"], row["nfe"]) == ("a sandy desert at night", 3, 2)
    assert (row["id"], row["prior"], row["threads"]) == (image.stem, "exact", 1)
    assert set(row["versions"]) == {"torch", "diffusers", "transformers", "numpy"}
    assert {"revision", "device"} <= set(row)
    assert row["peak_memory_mb"] > 0


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep the process's peak")
def test_the_peak_of_memory_is_that_of_what_came_last():
    environment.reset_peak_memory("cpu")  # earlier tests of this process may have held more
    held = bytearray(300 * 2**20)
    before = environment.peak_memory("cpu")
    del held
    environment.reset_peak_memory("cpu")
    assert environment.peak_memory("cpu") < before - 200


def test_seconds_by_part_add_up(checkpoint, results):
    arguments = (
        "prior=tiny",
        f"prior.path={checkpoint}",
        "prior.lora=null",
        "method.steps=2",
        f"results={results}",
    )
    answer = command_line.run("task=wide", "method=synctweedies", *arguments)
    assert answer.code == 0, answer.err
    seconds = json.loads(only(results.rglob("*-s0.json")).read_text())["seconds"]
    assert set(seconds) == {"total", "denoiser", "vae", "projection", "rest"}
    assert min(seconds.values()) >= 0
    assert sum(seconds.values()) == pytest.approx(2 * seconds["total"], abs=0.01)


# What a second run does


def test_a_rerun_does_nothing(run, results):
    run(PROMPT)
    before = stamps(results)
    answer = run(PROMPT)
    assert stamps(results) == before
    assert "to do" not in answer.err


@pytest.mark.parametrize("damage", ["row missing", "image missing", "image cut", "row cut"])
def test_a_damaged_sample_is_redone_alone(run, results, tmp_path, damage):
    run(write_prompts(tmp_path, "one", "two"))
    before, rows_before = images(results), rows(results)
    kept = only(results.rglob("one-*.png")).stat().st_mtime_ns
    harm(only(results.rglob("two-*.json" if "row" in damage else "two-*.png")), damage)
    answer = run(write_prompts(tmp_path, "one", "two"))
    assert "1 of 2 samples to do" in answer.err
    assert (images(results), rows(results)) == (before, rows_before)
    assert only(results.rglob("one-*.png")).stat().st_mtime_ns == kept


def harm(path: Path, damage: str) -> None:
    if "missing" in damage:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:50])


def test_another_prompt_joins_the_folder(run, results):
    run(PROMPT)
    before = images(results)
    run("prompt=a city")
    run(PROMPT, "seed=1")
    after = images(results)
    assert len(after) == 3
    assert before.items() <= after.items()
    assert len(list(results.rglob("config.json"))) == 1


def test_what_changes_speed_alone_keeps_the_folder(checkpoint, results):
    arguments = ("prior=tiny", f"prior.path={checkpoint}", "prior.lora=null", f"results={results}")
    assert command_line.run(*QUICK, *arguments).code == 0
    assert command_line.run(*QUICK, *arguments, "prior.batch=1", "num_threads=2").code == 0


def test_samples_do_not_depend_on_order_or_company(run, tmp_path, results):
    run(write_prompts(tmp_path, "one", "two", "three"))
    together = images(results)
    run(write_prompts(tmp_path, "three", "one"), f"results={tmp_path}/other")
    run("prompt=two", f"results={tmp_path}/other")
    assert images(tmp_path / "other") == together
    assert len(set(together.values())) == 3


def test_a_sweep_fills_all_folders_and_loads_the_prior_once(run, results):
    load_prior.cache_clear()
    methods = ("ddim", "synctweedies", "stochsync")
    run("-m", f"method={','.join(methods)}", "prompts=demo")
    folders = {path.name: path for path in (results / "exact" / "image").iterdir()}
    assert set(folders) == set(methods)
    ids = {name: {path.stem for path in folder.glob("*.png")} for name, folder in folders.items()}
    assert len(ids["ddim"]) == 5
    assert ids["ddim"] == ids["synctweedies"] == ids["stochsync"]
    assert load_prior.cache_info().misses == 1


def test_methods_start_from_the_same_noise(run, results):
    """One view: two methods of the same steps agree to the last bit."""
    run("-m", "method=ddim,synctweedies", "method.steps=1", PROMPT)
    first, second = images(results).values()
    assert first == second


# What becomes of a prompt


def test_a_prompt_that_comes_twice_counts_once(run, tmp_path, results):
    answer = run(write_prompts(tmp_path, "one", "# two", "one", "", "  one  "))
    assert "1 of 1 samples to do" in answer.err
    assert len(images(results)) == 1


def test_a_byte_order_mark_is_no_part_of_the_prompt(run, tmp_path, results):
    (tmp_path / "set.txt").write_text("one\n", encoding="utf-8-sig")
    run(f"prompts={tmp_path}/set.txt")
    (row,) = rows(results).values()
    assert row["prompt"] == "one"


STRANGE = [
    "山の上の雪",
    "Ünïcode — 🏔️",
    "word " * 1000,
    "../../x",
    "a/b",
    "/etc/passwd",
    ".hidden",
    "a, b, and c: {d} [e] (f) = 1",
    "the 'single' and the \"double\" ones",
    "'tis said",
    'back\\slash \\" and end\\',
    "cost ${seed} or \\${seed}",
    "null",
    "12",
    "1,2,3",
    "~x !y @z #1 50%",
]


@pytest.mark.parametrize("prompt", STRANGE, ids=lambda prompt: prompt[:20])
@pytest.mark.parametrize("multirun", [(), ("-m",)], ids=["single", "sweep"])
def test_a_prompt_arrives_verbatim_under_a_safe_name(run, results, prompt, multirun):
    run(f"prompt={prompt}", *multirun)
    (row,) = rows(results).values()
    assert row["prompt"] == prompt
    image = only(results.rglob("*.png"))
    assert image.parent == results / "exact" / "image" / "ddim"
    assert re.fullmatch(r"[a-z0-9-]{1,80}", image.stem)


def test_prompts_of_a_file_get_names_of_their_own(run, tmp_path, results):
    prompts = {prompt.strip() for prompt in STRANGE if not prompt.startswith("#")}
    run(write_prompts(tmp_path, *prompts))
    assert {row["prompt"] for row in rows(results).values()} == prompts


# What is configured


@pytest.mark.parametrize(
    ("group", "name"),
    [(group, name) for group in ("method", "task", "prior") for name in names(group)],
)
def test_every_field_has_a_value_in_its_file(group, name):
    body = composed(f"{group}={name}")[group]
    fields = {field.name for field in dataclasses.fields(locate(body["_target_"], group))}
    assert set(body) - {"_target_"} == fields - GIVEN


@pytest.mark.parametrize("preset", names("preset"))
def test_every_preset_composes(preset):
    assert composed(f"preset={preset}")["method"]


@pytest.mark.parametrize(
    "path",
    [path for group in ("task", "method") for path in CONF.glob(f"preset/{group}/fixed/*.yaml")],
    ids=lambda path: "-".join(path.parts[-3:]),
)
def test_a_preset_reaches_what_its_name_says(path):
    """Those of papers and released code: tests/test_published_constants.py."""
    group, preset = {"task": "task", "method": "prior"}[path.parts[-3]], path.parts[-2]
    other = max((name for name in names(group) if path.stem.endswith(f"_{name}")), key=len)
    method = path.stem.removesuffix(f"_{other}")
    config = composed(f"method={method}", f"{group}={other}", f"preset={preset}")
    for body, values in OmegaConf.load(path).items():
        assert values.items() <= config[body].items()


@pytest.mark.parametrize("method", names("method"))
def test_the_preset_of_a_prior_reaches_every_method_without_one_of_its_own(method):
    """So a new method of two files has the embedded prior's guidance by itself."""
    presets = CONF / "preset"
    own = (presets / "method" / "fixed" / f"{method}_tiny.yaml").is_file()
    of_all = OmegaConf.load(presets / "prior" / "fixed" / "tiny.yaml").method
    found = composed(f"method={method}", "prior=tiny")["method"]
    assert own or of_all.items() <= found.items()


# What `--help` shows


@pytest.mark.slow
def test_help_names_every_choice_in_a_hundred_lines_without_torch():
    answer = command_line.finish(command_line.start("--help", python=("-X", "importtime")))
    assert answer.code == 0
    for group in ("method", "task", "prior", "preset"):
        assert f"{group}: {', '.join(names(group))}\n" in answer.out
    lines = [part for line in answer.out.splitlines() for part in textwrap.wrap(line, 100) or [""]]
    assert len(lines) <= 100
    imported = {line.rpartition("|")[2].strip() for line in answer.err.splitlines()}
    assert "hydra" in imported
    assert not imported & {"torch", "diffusers", "transformers", "numpy"}


@pytest.mark.slow
def test_the_real_command_runs_from_anywhere(run, results, tmp_path):
    process = command_line.start(*QUICK, PROMPT, "results=here", cwd=tmp_path)
    answer = command_line.finish(process)
    assert answer.code == 0, answer.err
    run(PROMPT)
    assert images(tmp_path / "here") == images(results)
    assert rows(tmp_path / "here") == rows(results)


@pytest.mark.parametrize(
    ("z", "advice"),
    [
        (torch.zeros(2), "the VAE overflowed; use prior.precision=fp32"),
        (torch.tensor([0.0, torch.nan]), "estimate already is not; .* lower method.guidance"),
        (torch.tensor([torch.inf, 0.0]), "estimate already is not; .* checkpoint's weights"),
    ],
)
def test_advice_for_an_image_that_is_not_finite_fits_the_cause(z: torch.Tensor, advice: str):
    assert re.search(advice, cause_of_overflow(z))
