"""Methods, tasks and metrics of a user's package: allowed by name, and part of what a run is."""

import json
import sys
from pathlib import Path

import command_line
import pytest
from command_line import rows

from synclab.config import plugins
from synclab.config.schema import build
from synclab.errors import UserError

METHOD = '''
from dataclasses import dataclass
from synclab.methods.ddim import DDIM

@dataclass(frozen=True)
class Mine(DDIM):
    """DDIM under a name of its own."""
    strength: float = 1.0
'''

QUICK = ("prior=exact", "task=image", "num_threads=1", "method=mine")


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package `mypackage` with a method, and the folder of configurations that names it."""
    code = tmp_path / "code" / "mypackage"
    code.mkdir(parents=True)
    (code / "__init__.py").touch()
    (code / "methods.py").write_text(METHOD, encoding="utf-8")
    conf = tmp_path / "conf" / "method"
    conf.mkdir(parents=True)
    body = (
        "_target_: mypackage.methods.Mine\nsteps: 2\nguidance: 1\nspacing: leading\nstrength: 2\n"
    )
    (conf / "mine.yaml").write_text(body, encoding="utf-8")
    monkeypatch.syspath_prepend(str(code.parent))
    yield code
    plugins.allow([])
    for name in [name for name in sys.modules if name.partition(".")[0] == "mypackage"]:
        del sys.modules[name]


def run(tmp_path: Path, *words: str) -> command_line.Answer:
    place = (f"results={tmp_path}/out", "--config-dir", str(tmp_path / "conf"))
    return command_line.run(*QUICK, *words, *place)


def test_a_class_of_another_package_is_refused_with_the_key_that_allows_it(package, tmp_path):
    answer = run(tmp_path)
    assert answer.code == 1
    assert answer.err.count("\n") == 1
    assert "method._target_=mypackage.methods.Mine: expected a class of synclab.*" in answer.err
    assert "use plugins=[mypackage]" in answer.err


def test_an_allowed_package_runs_and_enters_the_row(package, tmp_path):
    answer = run(tmp_path, "plugins=[mypackage]")
    assert answer.code == 0, answer.err
    (row,) = rows(tmp_path / "out").values()
    assert row["config"]["plugins"] == {"mypackage": plugins.describe("mypackage")}
    assert row["config"]["method"]["strength"] == 2


def test_a_package_that_changed_is_another_configuration(package, tmp_path):
    assert run(tmp_path, "plugins=[mypackage]").code == 0
    (package / "more.py").write_text("x = 1\n", encoding="utf-8")
    answer = run(tmp_path, "plugins=[mypackage]")
    assert answer.code == 1
    assert "plugins.mypackage.sha256=" in answer.err


def test_only_packages_that_are_used_enter_the_row(package, tmp_path):
    answer = run(tmp_path, "plugins=[mypackage]", "method=ddim", "method.steps=2")
    assert answer.code == 0, answer.err
    (row,) = rows(tmp_path / "out").values()
    assert "plugins" not in row["config"]


def test_what_one_job_allows_is_not_allowed_to_the_next(package, tmp_path):
    assert run(tmp_path, "plugins=[mypackage]").code == 0
    assert run(tmp_path).code == 1


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("plugins=[nowhere_at_all]", "plugins=[nowhere_at_all]: no such package; install it"),
        ("plugins=[my/package]", "plugins=[my/package]: expected names of packages"),
        ("plugins=mypackage", "plugins=mypackage: input should be a valid list"),
        ("plugins=[json]", "method._target_=mypackage.methods.Mine: expected a class of synclab"),
    ],
)
def test_one_clear_line(package, tmp_path, words, line):
    answer = run(tmp_path, words)
    assert answer.code == 1
    assert line in answer.err and answer.err.count("\n") == 1


def test_allowed_code_must_still_be_a_dataclass():
    plugins.allow(["json"])
    with pytest.raises(UserError, match="expected a dataclass"):
        build({"_target_": "json.loads"}, "method")
    plugins.allow([])


def test_a_protocol_is_what_its_metrics_are(package, tmp_path):
    from synclab.metrics.protocol import Protocol

    protocol = Protocol("p", "image", {"columns": [{"_target_": "mypackage.methods.Mine"}]})
    plain = protocol.hash
    plugins.allow(["mypackage"])
    first = protocol.hash
    (package / "more.py").write_text("x = 1\n", encoding="utf-8")
    assert len({plain, first, protocol.hash}) == 3


def test_the_hash_is_of_all_python_files(package):
    before = plugins.describe("mypackage")
    assert before["version"] is None
    (package / "notes.txt").touch()
    assert plugins.describe("mypackage") == before
    (package / "methods.py").write_text(METHOD + "\n", encoding="utf-8")
    assert json.dumps(plugins.describe("mypackage")) != json.dumps(before)
