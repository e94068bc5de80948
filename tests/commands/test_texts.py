"""Texts are UTF-8 under every locale, and mean themselves: lines, prompts, names and paths."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import command_line
import pytest
from command_line import QUICK, ROOT, rows
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import QuotedString
from omegaconf import OmegaConf

from synclab.config.overrides import assignment, literal, prepare
from synclab.config.prompt_files import parse
from synclab.core.text import is_blank, lines_of
from synclab.errors import UserError

SOURCES = [file for room in ("synclab", "hydra_plugins", "scripts") for file in
           sorted((ROOT / room).rglob("*.py"))]  # fmt: skip

MODE = re.compile("[rwaxbt+]+")


def without_encoding(source: str) -> list[str]:
    """Calls that read or write text in the encoding of the locale."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [ast.unparse(call) for call in calls if is_text_access(call) and not has_encoding(call)]


def is_text_access(call: ast.Call) -> bool:
    name = ast.unparse(call.func).rpartition(".")[2]
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    if name in ("read_text", "write_text"):
        return isinstance(call.func, ast.Attribute)
    if name in ("open", "fdopen", "TemporaryFile", "NamedTemporaryFile"):
        mode = keywords.get("mode") or next(filter(is_mode, call.args), None)
        builtin = ast.unparse(call.func) in ("open", "io.open", "os.fdopen")
        method = isinstance(call.func, ast.Attribute) and not call.args and name == "open"
        return "b" not in ast.unparse(mode).strip("'") if mode else builtin or method
    text = keywords.get("text") or keywords.get("universal_newlines")
    return isinstance(text, ast.Constant) and text.value is True


def is_mode(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and bool(MODE.fullmatch(str(node.value)))


def has_encoding(call: ast.Call) -> bool:
    return "encoding" in {keyword.arg for keyword in call.keywords}


def test_no_text_is_read_or_written_in_the_encoding_of_the_locale():
    found = {str(file): without_encoding(file.read_text(encoding="utf-8")) for file in SOURCES}
    assert len(SOURCES) > 100
    assert not {file: calls for file, calls in found.items() if calls}


@pytest.mark.parametrize(
    ("call", "bad"),
    [
        ("path.read_text()", True),
        ("path.write_text(x)", True),
        ("path.read_text(encoding='utf-8')", False),
        ("open(path)", True),
        ("open(path, 'w')", True),
        ("open(path, 'rb')", False),
        ("path.open()", True),
        ("path.open('a')", True),
        ("path.open('rb')", False),
        ("os.fdopen(descriptor, 'wb')", False),
        ("Image.open(path)", False),
        ("store.open(identity)", False),
        ("subprocess.run(x, text=True)", True),
        ("subprocess.run(x, text=True, encoding='utf-8')", False),
    ],
)
def test_the_search_for_encodings_finds_them(call, bad):
    assert bool(without_encoding(call)) == bad


# Lines and prompts


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_three_marks_end_a_line(end):
    assert parse(f"a sea{end}a hill{end}".encode(), ".txt") == ["a sea", "a hill"]


@pytest.mark.parametrize("letter", ["\x85", "\u2028", "\u2029", "\x0b", "\x0c", "\x1c", "\x1e"])
def test_nothing_else_ends_a_line(letter):
    assert lines_of(f"a sea{letter}at night") == [f"a sea{letter}at night"]
    assert parse(f"a sea{letter}at night\n".encode(), ".txt") == [f"a sea{letter}at night"]


@pytest.mark.parametrize("letter", ["\u200b", "\ufeff", "\u2060", "\u200d", "\u00ad", "\u200e"])
def test_a_line_of_invisible_letters_is_empty(letter):
    assert is_blank(f" {letter}\t")
    assert parse(f"a sea\n{letter}\n {letter}{letter} \n".encode(), ".txt") == ["a sea"]
    with pytest.raises(ValueError, match="prompt 2 is empty"):
        parse(json.dumps(["a sea", letter]).encode(), ".json")


def test_marks_that_joined_files_leave_are_no_part_of_a_prompt():
    assert parse("\ufeffa sea\n\ufeffa hill\u200b\n\ufeff# none\n".encode(), ".txt") == [
        "a sea", "a hill",
    ]  # fmt: skip


def test_letters_that_join_others_stay_where_they_are():
    family = "a family 👨\u200d👩\u200d👧 at the sea"
    assert parse(family.encode(), ".txt") == [family]


KINDS = {
    ".txt": "a sea\na hill, far away",
    "": "a sea\na hill, far away",
    ".json": '["a sea", {"prompt": "a hill, far away"}]',
    ".jsonl": '{"prompt": "a sea", "n": 1}\n\n"a hill, far away"\n',
    ".csv": '\ufeffid,Prompt\r\n1,a sea\r\n2,"a hill, far away"\r\n',
    ".yaml": "- a sea\n- a hill, far away\n",
    ".yml": "first: {prompt: a sea}\nsecond:\n  prompt: a hill, far away\n",
}


@pytest.mark.parametrize("upper", [False, True], ids=["lower", "upper"])
@pytest.mark.parametrize("suffix", KINDS)
def test_a_file_is_read_by_its_kind(suffix, upper):
    suffix, content = suffix.upper() if upper else suffix, KINDS[suffix].encode()
    assert parse(content, suffix) == ["a sea", "a hill, far away"]


@pytest.mark.parametrize(
    ("suffix", "content", "fragment"),
    [
        (".md", "a sea", "has an unknown suffix; expected .txt, .json"),
        (".tsv", "prompt\na sea", "has an unknown suffix"),
        (".jsonl", "a sea", 'line 1 is not {"prompt": prompt} in JSON'),
        (".jsonl", '"a sea"\n{"text": "a hill"}', "line 2 is no"),
        (".jsonl", "[1]", "line 1 is no"),
        (".csv", "a sea\na hill", 'has the columns a sea; expected one called "prompt"'),
        (".csv", "id,prompt\n1,a hill, far away", "row 2 has 3 fields, its header 2"),
        (".csv", "prompt,prompt\na,b", "expected one"),
        (".csv", 'prompt\n"a sea', "is not a CSV table"),
        (".csv", "", "is not a CSV table"),
        (".csv", "prompt\n", "holds no prompt"),
        (".yaml", "- a sea: at night", "is not YAML of the form"),
        (".yaml", "- 7", "a prompt that is not text"),
        (".yaml", "- [a", "is not YAML ("),
        (".yaml", "", "is not YAML of the form"),
        (".json", '{"a": {"prompt": "x"}, "a": {"prompt": "y"}}', "duplicate key"),
        (".json", r'["\ud83d"]', "prompt 1 is not text: it has half a surrogate pair"),
        (".yaml", r'- "\ud83d"', "prompt 1 is not text"),
        (".jsonl", r'{"prompt": "\udc80"}', "prompt 1 is not text"),
    ],
)
def test_what_is_not_of_its_kind_is_refused(suffix, content, fragment):
    with pytest.raises(ValueError) as error:
        parse(content.encode(), suffix)
    assert fragment in str(error.value)
    assert "\n" not in str(error.value)


# Words of the command line


def value(word: str, key: str) -> Any:
    """What Hydra makes of a word, by its own parser."""
    (override,) = OverridesParser.create().parse_overrides([literal(f"{key}={word}")])
    found: Any = override.value()
    if override.is_sweep_override():
        return [each.text if isinstance(each, QuotedString) else each for each in found.list]
    return found.text if isinstance(found, QuotedString) else found


ODD = [
    "café/ö.png", "a b/c.png", "a (1).png", "x=1.png", "a#b", "a & b", "tab\tbed", "it's",
    'say "x"', "{a}", "a:b", "a\\b", "1.10", "007", "1e3", "true", "[draft] a.png", "a%20b",
    "$HOME", "日本",
]  # fmt: skip


@pytest.mark.parametrize(
    "key", ["results", "prompts", "prior.path", "prior.control_path", "task.picture", "task.mask",
            "task.known", "task.mesh", "task.start", "+task.mask", "prompt",
            "prior.negative_prompt", "task.prompt_prefix"]
)  # fmt: skip
@pytest.mark.parametrize("path", ODD)
def test_paths_and_texts_mean_themselves(path, key):
    assert value(path, key) == path


@pytest.mark.parametrize(
    "name", ["1.10", "007", "1e3", "true", "null", "1_000", "_1.10", "NaN", "0x10", "nan", "-7"]
)
def test_a_name_means_itself(name):
    assert value(name, "run") == name


@pytest.mark.parametrize(
    ("key", "text"), [("results", "/a/b_c-1.10/7"), ("prompts", "demo"), ("shard", "1/4")]
)
def test_a_plain_word_gets_no_quotes(key, text):
    assert literal(f"{key}={text}") == f"{key}={text}"
    assert value(text, key) == text


def test_names_in_a_sweep_mean_themselves():
    assert value("1.10,007", "run") == ["1.10", "007"]


def test_a_comma_is_part_of_a_path_that_exists_and_of_results(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a,b.png").touch()
    assert value("a,b.png", "task.picture") == "a,b.png"
    assert value("a.png,b (1).png", "task.picture") == ["a.png", "b (1).png"]
    assert value("out,1", "results") == "out,1"
    assert value("a, b", "prior.negative_prompt") == "a, b"


def test_nothing_and_lists_and_interpolations_are_hydras(monkeypatch):
    assert value("null", "prompts") is None
    assert value("[a,b]", "prior.path") == ["a", "b"]
    assert literal("results=${run}/x") == "results=${run}/x"
    assert literal("prompts=choice(demo,world)") == "prompts=choice(demo,world)"
    assert literal("'seed=1'") == "'seed=1'"


def test_a_leading_tilde_is_the_home(monkeypatch):
    monkeypatch.setenv("HOME", "/somebody")
    assert value("~/x y", "results") == "/somebody/x y"
    assert value("~/a.png", "task.picture") == "/somebody/a.png"
    assert value("a~b", "results") == "a~b"


@pytest.mark.parametrize("key", ["run", "results", "prompts", "prompt"])
def test_a_value_in_quotes_is_hydras(key):
    assert prepare([f'{key}="a, b"']) == [f'{key}="a, b"']


TEXTS = [
    *ODD, "'quoted'", '"quoted"', '"it\'s"', '"${seed}"', '"a \\" b"', '"a\\"', "${seed}",
    "a\\\\", "null", "", " a ",
]  # fmt: skip
VALUES = [None, True, 7, -1e-05, 0.25, [], [["a b", "c"], [1, None, "1"]], {"a": "b c"}, *TEXTS]


def read_back(key: str, own: Any) -> Any:
    """What Hydra and OmegaConf make of a value that was written as an argument."""
    (override,) = OverridesParser.create().parse_overrides([literal(assignment(key, own))])
    found = OmegaConf.create({"own": override.value(), "seed": "another"})
    body: Any = OmegaConf.to_container(found, resolve=True)
    return body["own"]


@pytest.mark.parametrize("key", ["prompt", "task.prompt_prefix", "task.mask"])
@pytest.mark.parametrize("text", TEXTS)
def test_a_text_written_as_an_argument_is_read_as_itself(text, key):
    assert read_back(key, text) == text


@pytest.mark.parametrize("own", VALUES, ids=repr)
def test_a_value_written_as_an_argument_is_read_as_itself(own):
    assert read_back("task.words", own) == own


def test_folders_and_files_of_odd_names_are_those_that_are_used(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "é, (1) & #=x.TXT").write_text("un café\n", encoding="utf-8")
    words = ("results=~/out, (1) é", "prompts=~/é, (1) & #=x.TXT", "run=1.10", "-m")
    answer = command_line.run(*QUICK, *words)
    assert answer.code == 0, answer.err
    (row,) = rows(tmp_path / "out, (1) é" / "1.10" / "image").values()
    assert row["prompt"] == "un café"
    assert not list(Path().glob("~*"))


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("seed=true", "seed=true: expected another kind of value, not true or false"),
        ("method.steps=true", "method.steps=true: expected another kind of value"),
        ("method.guidance=false", "method.guidance=false: expected another kind of value"),
        ("num_threads=true", "num_threads=true: expected another kind of value"),
        ("prior.mean=true", "prior.mean=true: expected another kind of value"),
        ("prior.shape=[3,true,8]", "prior.shape=[3, true, 8]: expected another kind of value"),
    ],
)
def test_true_is_no_number(words, line, tmp_path):
    answer = command_line.run(*QUICK, f"results={tmp_path}/x", *words.split())
    assert answer.code == 1
    assert f"synclab: {line}" in answer.err and answer.err.count("\n") == 1


def test_a_number_is_no_name():
    """A file of configuration that says `run: 1.10` means 1.1 to YAML."""
    from synclab.config.schema import validate
    from synclab.config.settings import Settings

    with pytest.raises(UserError, match=r"^run=1.1: input should be a valid string, in quotes$"):
        validate(Settings, {"run": 1.1}, "", [f for f in Settings.__annotations__ if f != "run"])


# Locales


PLAIN = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def process(*words: str | bytes, module: str = "synclab.run") -> command_line.Answer:
    command = [sys.executable, "-m", module, *words]
    environment = os.environ | PLAIN | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, capture_output=True, encoding="utf-8", cwd=ROOT, env=environment, timeout=120
    )
    return command_line.Answer(done.returncode, done.stdout, done.stderr)


@pytest.mark.slow
def test_the_locale_changes_nothing(tmp_path):
    """A finished sample stays finished, its names and texts are those of any other locale."""
    place = f"results={tmp_path}/é"
    here = command_line.run(*QUICK, place, "prompt=un café", "task.prompt_prefix=déjà ")
    assert here.code == 0, here.err
    (image,) = tmp_path.rglob("*.png")
    before = image.stat().st_mtime_ns
    there = process(*QUICK, place, "prompt=un café", "task.prompt_prefix=déjà ")
    assert there.code == 0, there.err
    assert "0 of 1 samples to do" in there.err or image.stat().st_mtime_ns == before
    assert process(f"{tmp_path}/é", module="synclab.status").code == 0


@pytest.mark.slow
@pytest.mark.parametrize("module", ["synclab.run", "synclab.status", "synclab.tables"])
def test_bytes_that_are_no_text_are_one_line(module):
    answer = process(b"prompt=caf\xe9", module=module)
    assert answer.code == 1
    assert answer.err == ("synclab: prompt=caf\\xe9: not UTF-8 text; expected arguments in UTF-8\n")
