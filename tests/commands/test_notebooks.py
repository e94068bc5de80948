"""The notebooks run from top to bottom, on the exact prior and on results made for them."""

import json
from pathlib import Path
from typing import Any

import command_line
import pytest
from command_line import QUICK, ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(autouse=True)
def quiet_plots(monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    pytest.importorskip("matplotlib").use("agg")


@pytest.fixture
def results(tmp_path, monkeypatch) -> Path:
    sweep = ("-m", "method=ddim,stochsync", "prompts=demo", "task.canonical=rgb")
    assert command_line.run(*QUICK, *sweep, f"results={tmp_path}").code == 0
    monkeypatch.setenv("SYNCLAB_RESULTS", str(tmp_path / "exact" / "image"))
    return tmp_path


def cells(path: Path, kind: str) -> list[str]:
    notebook = json.loads(path.read_text())
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == kind]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path, results):
    names: dict[str, Any] = {}
    for number, cell in enumerate(cells(path, "code")):
        exec(compile(cell, f"{path.name}:{number}", "exec"), names)


def test_the_figures_say_what_the_text_says():
    """Means of views lose their variance, StochSync keeps it and has no seam."""
    names: dict[str, Any] = {}
    for cell in cells(ROOT / "notebooks" / "stochsync_beside_its_paper.ipynb", "code"):
        exec(cell, names)
    alone, mean, ours = names["METHODS"]
    variance = names["variance"]
    assert variance[ours] > 0.6 > 0.4 > max(variance[alone], variance[mean])
    assert names["roughest"][ours] < 1.5


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_committed_without_outputs(path):
    for cell in json.loads(path.read_text())["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
