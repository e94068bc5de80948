"""Arrows point one way: what each room may import, and what no file may contain."""

import ast
from pathlib import Path

import pytest

import synclab

ROOT = Path(synclab.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

ARROWS = {
    "core": set(),
    "methods": {"core"},
    "world": {"core"},
    "judges": {"core", "world"},
    "spaces": {"core"},
    "priors": {"core", "judges"},
    "config": {"core"},
    "tasks": {"core", "spaces", "world"},
    "store": {"core"},
    "jobs": {"core", "config", "priors", "store"},
    "metrics": {"core", "spaces", "config", "store", "judges", "world"},
    "comparison": {"config"},
    "viewers": {"core", "config", "store", "comparison"},
    "baselines": {"core", "metrics"},
}
"""The rooms that each room may know, besides itself, `errors` and `places`; order is the flow."""

EVERYWHERE = {"errors", "places"}

EMBEDDED = ROOT.parent / "scripts" / "embedded"
EMBEDDED_ARROWS = {
    "data": set(),
    "training": set(),
    "cards": {"data"},
    "judges": {"data", "training", "cards"},
    "latent": {"data", "training", "cards", "judges"},
    "depth": {"data", "training", "cards", "latent"},
    "pixels": {"data", "training", "cards", "latent"},
    "motion": {"training"},
}
"""The same for the rooms of scripts/embedded, which may also know `stage`."""

LIGHT = ["tables.py", "comparison"]
"""Read files only, and start without the seconds that torch takes."""


def imports(file: Path, root: Path = ROOT) -> set[str]:
    """Full names of all that a file imports, wherever the statement stands."""
    package = [root.name, *file.relative_to(root).parts[:-1]]
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            names |= {base} | {f"{base}.{alias.name}" for alias in node.names}
    return names


def known_rooms(file: Path, root: Path = ROOT) -> set[str]:
    """Rooms and modules of synclab, or of another package `root`, that a file imports from."""
    names = [name.split(".") for name in imports(file, root)]
    return {name[1] for name in names if name[0] == root.name and len(name) > 1}


def test_every_room_has_its_arrows_stated():
    rooms = {folder.name for folder in ROOT.iterdir() if (folder / "__init__.py").exists()}
    assert rooms == ARROWS.keys() | {"replay"}
    assert len(rooms) <= 15


def test_no_arrow_runs_back():
    order = list(ARROWS)
    for room, known in ARROWS.items():
        later = [other for other in known if order.index(other) > order.index(room)]
        assert not later, f"{room} stands before {later}"


@pytest.mark.parametrize(
    ("room", "file"),
    [(room, file) for room in ARROWS for file in sorted((ROOT / room).rglob("*.py"))],
    ids=lambda value: value.stem if isinstance(value, Path) else value,
)
def test_arrows_point_one_way(room, file):
    assert known_rooms(file) <= ARROWS[room] | EVERYWHERE | {room}


@pytest.mark.parametrize("room", EMBEDDED_ARROWS)
def test_arrows_between_the_trainings_of_embedded_models_point_one_way(room):
    files = sorted((EMBEDDED / room).glob("*.py"))
    known = set().union(*(known_rooms(file, EMBEDDED) for file in files))
    assert len(files) > 1 and known - {room, "stage"} <= EMBEDDED_ARROWS[room]
    assert {path.parent.name for path in EMBEDDED.glob("*/__init__.py")} == EMBEDDED_ARROWS.keys()


@pytest.mark.parametrize("place", LIGHT)
def test_tables_start_without_torch(place):
    files = [ROOT / place] if place.endswith(".py") else sorted((ROOT / place).rglob("*.py"))
    assert files
    for file in files:
        assert "torch" not in {name.split(".")[0] for name in imports(file)}


def test_import_reader_sees_every_form(tmp_path):
    root = tmp_path / "synclab"
    file = root / "methods" / "example.py"
    file.parent.mkdir(parents=True)
    file.write_text(
        "import synclab.run\nfrom synclab import tasks\n"
        "def late():\n    from ..priors import exact\n    from .ddim import DDIM\n"
    )
    expected = {"run", "tasks", "priors.exact", "methods.ddim.DDIM"}
    assert {f"synclab.{name}" for name in expected} <= imports(file, root)
    assert known_rooms(file, root) == {"run", "tasks", "priors", "methods"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_file_names_a_device(file):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert not node.value.startswith("cuda:")
        if isinstance(node, ast.Attribute) and node.attr == "cuda":
            assert isinstance(node.value, ast.Name) and node.value.id == "torch"


PARTS = {"prior", "denoiser", "space", "task", "method", "cond", "condition"}
"""Names of values that have a protocol in `synclab.core.protocols`."""

TYPED = ["core", "methods", "spaces", "priors", "config", "tasks", "jobs", "replay"]

REFLECTION = {"getattr", "setattr", "hasattr", "vars"}


def annotated(tree: ast.AST) -> list[tuple[str, str]]:
    """Arguments, fields and variables that have a type, and it."""
    nodes = list(ast.walk(tree))
    arguments = [(node.arg, node.annotation) for node in nodes if isinstance(node, ast.arg)]
    variables = [
        (ast.unparse(n.target), n.annotation) for n in nodes if isinstance(n, ast.AnnAssign)
    ]
    return [(name, ast.unparse(kind)) for name, kind in arguments + variables if kind is not None]


def reflections(tree: ast.AST) -> list[str]:
    """Look-ups of an attribute by name, other than in a module."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    defined = [node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    named = [c for c in calls if isinstance(c.func, ast.Name) and c.func.id in REFLECTION]
    found = [ast.unparse(c) for c in named if ast.unparse(c.args[0]) != "os"]
    return found + [name for name in defined if name == "__getattr__"]


@pytest.mark.parametrize("room", TYPED)
def test_what_has_a_protocol_is_typed_by_it(room):
    for file in sorted((ROOT / room).rglob("*.py")):
        for name, kind in annotated(ast.parse(file.read_text(encoding="utf-8"))):
            assert not (name in PARTS and "Any" in kind.split(" | ")), f"{file}: {name}"


@pytest.mark.parametrize("room", ["core", "methods", "spaces", "tasks", "jobs", "replay"])
def test_nothing_is_looked_up_by_reflection(room):
    for file in sorted((ROOT / room).rglob("*.py")):
        assert not reflections(ast.parse(file.read_text(encoding="utf-8"))), file


def test_the_searches_for_any_and_reflection_find_them():
    tree = ast.parse(
        "def f(prior: Any, x: Any): return getattr(prior, 'needs', ())\n"
        "class C:\n    task: Any\n    def __getattr__(self, name): ...\n"
    )
    assert annotated(tree) == [("prior", "Any"), ("x", "Any"), ("task", "Any")]
    assert reflections(tree) == ["getattr(prior, 'needs', ())", "__getattr__"]


def test_no_file_is_called_utils():
    assert not [file for file in FILES if file.stem in {"utils", "util", "helpers", "misc"}]
