"""The protocols of conf/eval, the references they name, and who may import whom."""

import ast
from pathlib import Path

import pytest
import torch
import yaml

import synclab
from synclab.config.yaml_files import read_yaml
from synclab.errors import UserError
from synclab.judges.classifier import Judge, verdicts
from synclab.metrics.protocol import FOLDER, read, read_protocol
from synclab.metrics.world_reference import WorldPanoramas, WorldReference
from synclab.metrics.zoom_reference import ZoomReference
from synclab.store.pictures import read_pictures
from synclab.world import KINDS, TIMES

NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
CASES = [(name, task) for name in NAMES for task in read(FOLDER / f"{name}.yaml")["tasks"]]
PROMPTS = ["a desert at night", "a coral reef"]


@pytest.mark.parametrize(("name", "task"), CASES)
def test_every_protocol_can_be_built(name: str, task: str) -> None:
    protocol = read_protocol(name, task)
    assert protocol.views() and protocol.columns() and protocol.reference().per_prompt
    assert protocol.sources(protocol.asked["columns"]) <= protocol.body["extractors"].keys()


@pytest.mark.parametrize(("name", "task"), [c for c in CASES if c[0].startswith("embedded")])
def test_embedded_protocols_need_nothing(name: str, task: str) -> None:
    read_protocol(name, task).check()


def test_a_paper_has_a_protocol_for_each_task() -> None:
    assert read_protocol("paper", "panorama").name == "paper_panorama"
    assert read_protocol("paper", "wide").name == "paper_wide"


def test_a_hash_tells_protocols_apart() -> None:
    hashes = {read_protocol(name, task).hash for name, task in CASES}
    assert len(hashes) == len(NAMES)


@pytest.fixture
def own(tmp_path: Path) -> dict:
    """A protocol that a test may change and `write`."""
    return read_yaml(FOLDER / "embedded.yaml")


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("version", 0, "eval.version=0: input should be greater than or equal to 1"),
        ("verison", 1, "eval.verison: no such key; did you mean 'version'"),
        ("groups", "all", "eval.groups=all: "),
        ("tasks.image.columns.kid.off", 1, "columns.kid.off: no such key; did you mean 'of'"),
        ("tasks.image.columns.giqa.k", 0, "columns.giqa.k=0: input should be greater"),
        ("tasks.image.columns.kid.of", "juge.features", "no such extractor; did you mean 'judge'"),
        ("tasks.image.views._target_", "os.system", "expected a class of synclab"),
    ],
)
def test_a_wrong_protocol_is_refused(
    own: dict, tmp_path: Path, place: str, value: object, message: str
) -> None:
    *parents, last = place.split(".")
    body = own
    for parent in parents:
        body = body[parent]
    body[last] = value
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump(own))
    with pytest.raises(UserError, match=message):
        protocol = read_protocol(str(path), "image")
        for part in (protocol.views, protocol.columns, lambda: protocol.extractors("cpu")):
            part()


@pytest.mark.parametrize("content", ["- a list", "a: [torn", ""])
def test_what_is_no_protocol_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(content)
    with pytest.raises(UserError, match="own.yaml: (expected a protocol|not readable YAML)"):
        read_protocol(str(path), "image")


# --- The world's own pictures ---


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, WorldReference]:
    results, source = tmp_path_factory.mktemp("results"), WorldReference(per_prompt=3)
    source.pictures(results, PROMPTS)
    return results, source


def test_true_renderings_show_what_is_asked_for(rendered: tuple[Path, WorldReference]) -> None:
    results, source = rendered
    pictures = source.pictures(results, PROMPTS)
    assert len(pictures) == 2 * 2 * 3
    for picture in pictures:
        kind, time = verdicts(Judge.load(), picture.load()[None])
        expected = {"a desert at night": ("desert", "night"), "a coral reef": ("coral reef", None)}
        wanted, when = expected[picture.prompt]
        assert KINDS[int(kind)] == wanted and when in (None, TIMES[int(time)])


def test_true_renderings_are_made_once_and_the_same_again(
    rendered: tuple[Path, WorldReference], tmp_path: Path
) -> None:
    results, source = rendered
    before = {p.path: p.path.stat().st_mtime_ns for p in source.pictures(results, PROMPTS)}
    assert {p.path: p.path.stat().st_mtime_ns for p in source.pictures(results, PROMPTS)} == before
    again = source.pictures(tmp_path, PROMPTS[:1])
    kept = read_pictures(results / source.path)
    hashes = {p.id: p.row["sha256"] for p in kept}
    assert all(p.row["sha256"] == hashes[p.id] for p in again) and len(again) == 6


def test_renderings_of_another_size_are_refused(rendered: tuple[Path, WorldReference]) -> None:
    with pytest.raises(UserError, match="made by another configuration"):
        WorldReference(per_prompt=3, size=64).pictures(rendered[0], PROMPTS)


def test_true_panoramas_are_of_scenes_that_the_true_views_do_not_show(tmp_path: Path) -> None:
    source = WorldPanoramas(per_prompt=1, height=16)
    found = [p.load().float() for p in source.pictures(tmp_path, ["a city on a bright day"])]
    assert [tuple(picture.shape) for picture in found] == [(3, 16, 32)] * 2
    assert (found[0] - found[1]).abs().mean() > 5
    scene, _ = source.draw("a city on a bright day", 0)
    views, _ = WorldReference(per_prompt=1).draw("a city on a bright day", 0)
    assert KINDS[int(scene.kind)] == "city" and not torch.equal(scene.chance, views.chance)


def test_true_levels_of_a_zoom_show_one_another(tmp_path: Path) -> None:
    source = ZoomReference(per_prompt=3, levels=3, size=64)
    pictures = [p.load().float() for p in source.pictures(tmp_path, ["a city on a bright day"])]
    first, second = pictures[:3], pictures[3:]
    for wide, close_up in zip(first, first[1:], strict=False):
        shrunk = torch.nn.functional.avg_pool2d(close_up, 2)
        assert (wide[:, 16:48, 16:48] - shrunk).abs().mean() < 6
        assert (wide - close_up).abs().mean() > 12
    assert (first[0] - second[0]).abs().mean() > 12  # another scene
    assert source.narrowed(0) == pytest.approx(100)
    with pytest.raises(UserError, match="made by another configuration"):
        ZoomReference(per_prompt=3, levels=4, size=64).pictures(tmp_path, ["a city"])


def test_the_texts_of_a_true_zoom_name_one_scene(tmp_path: Path) -> None:
    source = ZoomReference(per_prompt=3)
    assert source.scene("a city | a street at night") == ("city", "night")
    with pytest.raises(UserError, match=r"names several scenes \(city, library\)"):
        source.pictures(tmp_path, ["a city | a library"])


# --- Arrows ---


def imported(file: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(file.read_text())))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}


@pytest.mark.parametrize(
    "file",
    [Path(synclab.__file__).with_name("evaluate.py")]
    + sorted((Path(synclab.__file__).parent / "metrics").rglob("*.py")),
    ids=lambda file: file.stem,
)
def test_the_judge_reads_files_and_knows_no_method(file: Path) -> None:
    for part in ("methods", "priors", "tasks", "session", "run"):
        assert not [name for name in imported(file) if name.startswith(f"synclab.{part}")]
