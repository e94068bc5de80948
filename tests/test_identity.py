"""Identity of a run: what its configuration computes, not where the classes live."""

import json
import shutil
from pathlib import Path

import pytest
import yaml
from command_line import run

from synclab.core.hashing import config_hash, without_modules
from synclab.metrics.protocol import Protocol, read_protocol
from synclab.places import CONF
from synclab.store.pictures import read_pictures

OLD = Path(__file__).parent / "data" / "module_paths"
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
        found = set().union(*(targets(yaml.safe_load(file.read_text("utf-8"))) for file in files))
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
