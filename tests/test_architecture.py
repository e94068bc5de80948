"""Arrows point one way: who imports whom, and what no file may contain."""

import ast
from pathlib import Path

import pytest

import synclab

ROOT = Path(synclab.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

FORBIDDEN = {
    "methods": ["synclab.priors", "synclab.spaces", "synclab.tasks", "synclab.run"],
    "spaces": ["synclab.methods", "synclab.priors", "synclab.tasks", "synclab.run"],
    "priors": ["synclab.methods", "synclab.spaces", "synclab.tasks", "synclab.run"],
    "schedule.py": ["synclab"],
    "geometry.py": ["synclab"],
    "tables.py": ["torch", "synclab.methods", "synclab.priors", "synclab.spaces", "synclab.tasks"],
    "comparison": ["torch", "synclab.methods", "synclab.priors", "synclab.spaces", "synclab.tasks"],
}


def imports(file: Path) -> set[str]:
    """Full names of all that a file imports, wherever the statement stands."""
    package = ["synclab", *file.relative_to(ROOT).parts[:-1]]
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            names |= {base} | {f"{base}.{alias.name}" for alias in node.names}
    return names


def files_of(part: str) -> list[Path]:
    return [ROOT / part] if part.endswith(".py") else sorted((ROOT / part).rglob("*.py"))


@pytest.mark.parametrize(
    ("part", "file"),
    [(part, file) for part in FORBIDDEN for file in files_of(part)],
    ids=lambda value: value.stem if isinstance(value, Path) else value,
)
def test_arrows_point_one_way(part, file):
    wrong = [
        name
        for name in imports(file)
        for other in FORBIDDEN[part]
        if name == other or name.startswith(other + ".")
    ]
    assert not wrong


def test_import_reader_sees_every_form(tmp_path, monkeypatch):
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    file = tmp_path / "methods" / "example.py"
    file.parent.mkdir()
    file.write_text(
        "import synclab.run\nfrom synclab import tasks\n"
        "def late():\n    from ..priors import exact\n    from .ddim import DDIM\n"
    )
    expected = {"run", "tasks", "priors.exact", "methods.ddim.DDIM"}
    assert {f"synclab.{name}" for name in expected} <= imports(file)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_file_names_a_device(file):
    for node in ast.walk(ast.parse(file.read_text())):
        assert not (isinstance(node, ast.Constant) and node.value == "cuda:0")
        assert not (isinstance(node, ast.Attribute) and node.attr == "cuda" and _is_call(node))


def _is_call(node: ast.Attribute) -> bool:
    """`x.cuda(...)`, but not the module `torch.cuda`."""
    return not (isinstance(node.value, ast.Name) and node.value.id == "torch")


def test_no_file_is_called_utils():
    assert not [file for file in FILES if file.stem in {"utils", "util", "helpers", "misc"}]
