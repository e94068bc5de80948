"""The embedded benchmark: one experiment, one protocol, and tables from what is committed of it."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from PIL import Image
from small_samples import SQUARE, add, add_truth

from synclab import evaluate, tables
from synclab.comparison.layout import read_layouts
from synclab.comparison.pairing import Pairing
from synclab.comparison.selection import choose
from synclab.comparison.table import build
from synclab.metrics.protocol import read_protocol
from synclab.places import CHECKOUT, CONF
from synclab.viewers.entries import find_entries
from synclab.viewers.method_sheet import WIDTH, write_method_sheets
from synclab.viewers.samples import by_task

NAME = "embedded"
RECORD = "results/embedded"
TABLES = ("table1", "table2", "table4")
TEXTURES = ("table3", "table5")
PROMPTS = ("a desert at night", "a forest")
METHODS = ("sds", "stochsync")


def experiment(name: str) -> Any:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("config", [f"experiment={name}"], return_hydra_config=True)


@pytest.mark.parametrize(
    ("name", "prompts", "printed"),
    [("embedded_benchmark", "world", TABLES), ("embedded_textures", "materials", TEXTURES)],
)
def test_the_benchmark_sweeps_all_methods_of_its_tables(
    name: str, prompts: str, printed: Sequence[str]
) -> None:
    layouts, found = read_layouts(), experiment(name)
    rows = {method for table in printed for method in layouts[table].methods.values()}
    swept = found.hydra.sweeper.params.method.split(",")
    assert set(swept) == {row for row in rows if (CONF / "method" / f"{row}.yaml").is_file()}
    assert (found.results, found.prompts) == ("results/benchmark", prompts)


def test_the_benchmark_makes_as_many_seeds_as_its_protocol_scores() -> None:
    protocol = read_protocol(NAME, "panorama")
    assert "seed" not in experiment("embedded_benchmark").hydra.sweeper.params
    assert protocol.seeds == protocol.truth().per_prompt == 1


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished, scored and reported benchmark of two methods and prompts, in its own checkout."""
    checkout = tmp_path_factory.mktemp("finished")
    results = checkout / RECORD
    task = results / "tiny" / "panorama"
    for prompt in PROMPTS:
        for seed in range(20):
            add(results / "reference" / "image" / "ddim", prompt, seed, SQUARE)
        for method in METHODS:
            add(task / method, prompt)
    add_truth(results, PROMPTS, seeds=2)
    assert evaluate.evaluate(task, NAME) == []
    write_method_sheets(task, by_task(find_entries(task))[task])
    return checkout


def run(command: Any, monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    monkeypatch.setattr("sys.argv", ["synclab", *map(str, words)])
    return command.main()


def committed(checkout: Path) -> list[str]:
    """Files that .gitignore lets in."""
    files = [path for path in checkout.rglob("*") if path.is_file()]
    names = "\n".join(path.relative_to(checkout).as_posix() for path in files)
    asked = ["git", "check-ignore", "--no-index", "--verbose", "--non-matching", "--stdin"]
    found = subprocess.run(asked, cwd=CHECKOUT, input=names, capture_output=True, encoding="utf-8")
    lines = [line.rpartition("\t") for line in found.stdout.splitlines()]
    return [name for rule, _, name in lines if re.search(r"::$|:\d+:!", rule)]


def test_tables_come_from_what_is_committed(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = committed(finished)
    kinds = {Path(name).suffix for name in names}
    rows = [name for name in names if re.search(r"-s0\.json$", name)]
    assert kinds == {".json", ".webp"} and len(rows) == len(METHODS) * len(PROMPTS)
    assert not any("reference" in name or "report" in name for name in names)
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(finished / name, tmp_path / name)
    for checkout in (finished, tmp_path):
        monkeypatch.chdir(checkout)
        words = (f"{RECORD}/tiny", f"tables={TABLES[-1]}", f"eval={NAME}")
        assert run(tables, monkeypatch, *words) == 0
    table = f"{RECORD}/tiny/tables/{TABLES[-1]}.{NAME}.md"
    assert (tmp_path / table).read_bytes() == (finished / table).read_bytes()
    assert "2 prompts, 1 seed of each: 0" in (tmp_path / table).read_text(encoding="utf-8")


def test_the_tables_on_record_are_those_of_its_scores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(CHECKOUT)
    record, layouts = Path(RECORD, "tiny"), read_layouts()
    for layout in (layouts[name] for name in (*TABLES, *TEXTURES)):
        for scores in choose(layout, record, None):
            tables.write(build(Pairing(layout, scores)), tmp_path)
    made, on_record = texts(tmp_path), texts(record / "tables")
    assert made == on_record, "run make tables PROFILE=embedded and commit results/embedded"


def texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}


@pytest.mark.parametrize("method", METHODS)
def test_a_sheet_of_a_method_shows_each_prompt_once(finished: Path, method: str) -> None:
    with Image.open(finished / RECORD / "tiny" / "panorama" / f"{method}.webp") as sheet:
        assert sheet.width == WIDTH * len(PROMPTS) and sheet.height < WIDTH
