"""Identity of a run: what its configuration computes, not where the classes live."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from command_line import run
from PIL import Image

from synclab.config.yaml_files import read_yaml
from synclab.core.file_hash import file_hash
from synclab.core.hashing import config_hash, without_modules
from synclab.jobs.identity import identify
from synclab.metrics.protocol import Protocol, read_protocol
from synclab.places import CONF
from synclab.store.pictures import read_pictures
from synclab.tasks.ambiguous import AmbiguousTask
from synclab.tasks.panorama import PanoramaTask
from synclab.tasks.panorama_8k import Panorama8KTask

OLD = Path(__file__).parents[1] / "data" / "module_paths"
"""Results written when `_target_` still named modules: synclab.methods.ddim.DDIM."""

SAME = ("prior=exact", "method=ddim", "task=image", "method.steps=2", "num_threads=1")


@pytest.fixture
def results(tmp_path):
    return Path(shutil.copytree(OLD, tmp_path / "results"))


def times(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("a-sea*")}


def test_samples_made_before_a_move_are_done(results):
    folder = results / "exact/image/ddim"
    before = times(folder)
    assert len(before) == 2
    assert run(*SAME, "prompt=a sea", f"results={results}").code == 0
    assert times(folder) == before


def test_a_folder_made_before_a_move_still_refuses_other_values(results):
    answer = run(*SAME, "prompt=a sea", "method.guidance=3", f"results={results}")
    assert answer.code == 1
    assert "method.guidance=7.5 there, 3 now" in answer.err
    assert "_target_" not in answer.err


def test_rows_made_before_and_after_a_move_have_one_hash(results):
    assert run(*SAME, "prompt=a lake", f"results={results}").code == 0
    pictures = read_pictures(results / "exact/image/ddim")
    assert len(pictures) == 2
    assert len({picture.row["hash"] for picture in pictures}) == 1


def test_identity_names_classes():
    there = {"prior": {"_target_": "synclab.a.b.Gaussian", "std": 1}, "list": [{"_target_": "x.Y"}]}
    here = {"prior": {"_target_": "Gaussian", "std": 1}, "list": [{"_target_": "Y"}]}
    assert without_modules(there) == here
    assert config_hash(there) == config_hash(here)
    assert config_hash(here) != config_hash({**here, "prior": {"_target_": "Mixture", "std": 1}})


def test_a_protocol_keeps_its_hash_when_its_classes_move():
    protocol = read_protocol("embedded", "panorama")
    moved = Protocol(protocol.name, protocol.task, without_modules(protocol.body))
    assert moved.hash == protocol.hash


def targets(node: object) -> set[str]:
    """Every `_target_` below a YAML node."""
    if isinstance(node, list):
        return set().union(*map(targets, node))
    if not isinstance(node, dict):
        return set()
    own = {node["_target_"]} if "_target_" in node else set()
    return own.union(*map(targets, node.values()))


def test_two_classes_of_a_group_never_share_a_name():
    for group in ("prior", "task", "method", "eval", "preset"):
        files = (CONF / group).rglob("*.yaml")
        found = set().union(*(targets(read_yaml(file)) for file in files))
        names = [target.rpartition(".")[2] for target in found]
        assert len(names) == len(set(names)), sorted(names)


def test_a_key_added_later_had_its_default_before(results):
    """A folder that was made before a key existed goes on, unless the key has another value now."""
    config = results / "exact/image/ddim/config.json"
    body = json.loads(config.read_text("utf-8"))
    del body["task"]["codec"]
    config.write_text(json.dumps(body), "utf-8")
    assert run(*SAME, "prompt=a sea", f"results={results}").code == 0
    answer = run(*SAME, "prompt=a sea", "task.codec=released", f"results={results}")
    assert answer.code == 1
    assert "task.codec=clean there, released now" in answer.err


INPAINT = (
    "prior=exact", "method=stochsync", "method.steps=2", "method.ode_steps=3", "task=inpainting",
    "task.canonical=rgb", "prior.shape=[3,16,16]", "num_threads=1", "prompt=a sea",
)  # fmt: skip


def save(path: Path, colour: str) -> None:
    picture = Image.new("RGB", (16, 16), colour)
    picture.paste("black", (0, 0, 8, 16))
    picture.save(path)


def test_another_picture_at_the_same_path_is_refused(tmp_path):
    picture, results = tmp_path / "half.png", f"results={tmp_path}/results"
    save(picture, "red")
    assert run(*INPAINT, f"task.picture={picture}", results).code == 0
    assert run(*INPAINT, f"task.picture={picture}", results).code == 0
    save(picture, "blue")
    answer = run(*INPAINT, f"task.picture={picture}", results)
    assert answer.code == 1
    assert "made by another configuration (inputs.task.picture=" in answer.err


def test_another_mask_is_refused(tmp_path):
    picture, mask = tmp_path / "half.png", tmp_path / "mask.png"
    save(picture, "red")
    save(mask, "white")
    command = (*INPAINT, f"task.picture={picture}", f"task.mask={mask}", f"results={tmp_path}/r")
    assert run(*command).code == 0
    save(mask, "grey")
    answer = run(*command)
    assert answer.code == 1
    assert "inputs.task.mask=" in answer.err


def test_a_folder_of_start_panoramas_is_identified_by_its_run_or_its_pictures(tmp_path):
    def start() -> str:
        body = {"prior": {}, "task": {"_target_": "x.Task"}, "method": {}}
        return identify(body, Panorama8KTask(start=str(tmp_path)), None)["inputs"]["task.start"]

    save(tmp_path / "a-sea-s0.png", "red")
    red = start()
    save(tmp_path / "a-sea-s0.png", "blue")
    assert start() != red
    (tmp_path / "config.json").write_text("{}", "utf-8")
    run_hash = start()
    save(tmp_path / "a-hill-s0.png", "red")  # a later sample of the same run
    assert start() == run_hash
    (tmp_path / "config.json").write_text('{"method": {}}', "utf-8")
    assert start() != run_hash


def test_a_folder_made_before_inputs_were_hashed_goes_on_with_one_warning(tmp_path):
    picture, results = tmp_path / "half.png", tmp_path / "results"
    save(picture, "red")
    command = (*INPAINT, f"task.picture={picture}", f"results={results}")
    assert run(*command).code == 0
    (path,) = results.rglob("config.json")
    body = json.loads(path.read_text("utf-8"))
    del body["inputs"]
    path.write_text(json.dumps(body), "utf-8")
    answer = run(*command)
    assert answer.code == 0
    assert answer.err.count("made before input files were hashed") == 1


@pytest.mark.parametrize("memory", ["{", "[]", None])
def test_hashes_survive_a_damaged_memory(tmp_path, monkeypatch, memory):
    monkeypatch.setenv("SYNCLAB_CACHE", str(tmp_path / "cache"))
    file = tmp_path / "weights"
    file.write_bytes(b"one")
    first = file_hash(file)
    assert first == hashlib.sha256(b"one").hexdigest()
    if memory is None:
        monkeypatch.setenv("SYNCLAB_CACHE", str(file / "not a folder"))
    else:
        (tmp_path / "cache" / "hashes.json").write_text(memory, "utf-8")
    assert file_hash(file) == first
    file.write_bytes(b"three")
    assert file_hash(file) == hashlib.sha256(b"three").hexdigest()


def test_several_files_hash_as_their_concatenation(tmp_path):
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_bytes(b"one")
    second.write_bytes(b"two")
    assert file_hash(first, second) == hashlib.sha256(b"onetwo").hexdigest()


def test_a_file_is_hashed_once(tmp_path, monkeypatch):
    monkeypatch.setenv("SYNCLAB_CACHE", str(tmp_path / "cache"))
    (tmp_path / "weights").write_bytes(b"one")
    first = file_hash(tmp_path / "weights")
    monkeypatch.setattr("synclab.core.file_hash.hash_content", lambda path: "read again")
    assert file_hash(tmp_path / "weights") == first


@pytest.mark.parametrize(
    ("task", "version"),
    [
        (PanoramaTask(), 1),
        (PanoramaTask(cover="sphere", fov=90), 2),
        (PanoramaTask(prompt_prefix="a photo of "), 1),
        (PanoramaTask(cover="sphere", fov=90, prompt_prefix="a photo of "), 3),
        (AmbiguousTask(), 1),
        (AmbiguousTask(transforms=("identity", "inner_circle")), 2),
    ],
)
def test_values_that_draw_other_pictures_than_before_have_another_identity(task, version):
    body = {"prior": {}, "task": {"_target_": "x.Task"}, "method": {}}
    assert identify(body, task, None)["task"].get("version", 1) == version


@pytest.mark.parametrize(
    "words", [("task=mesh", "mesh", "obj"), ("task=gaussians", "cloud", "ply")]
)
def test_a_missing_input_file_is_named_by_its_key(words, tmp_path):
    task, key, ending = words
    path = tmp_path / f"none.{ending}"
    answer = run(
        "prior=exact", "method=ddim", task, f"task.{key}={path}", f"results={tmp_path / 'r'}"
    )
    line = f"synclab: task.{key}={path}: no such file or folder; check the path"
    assert (answer.code, answer.err.strip()) == (1, line)
