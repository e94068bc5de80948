"""A bundle holds what others need to check results, and tells when it was changed."""

import json
from pathlib import Path

import command_line
import pytest
from command_line import QUICK

from synclab import bundle, verify
from synclab.core.hashing import sha256
from synclab.store.bundle import MANIFEST, pack, unpack


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Path:
    """Two samples and a file of scores."""
    folder = tmp_path_factory.mktemp("bundle")
    for prompt in ("a sea", "un café"):
        answer = command_line.run(*QUICK, f"results={folder}", f"prompt={prompt}")
        assert answer.code == 0, answer.err
    ids = [path.stem for path in folder.rglob("*-s0.json")]
    scores = {"protocol": {}, "methods": {"ddim": {"samples": ids}}}
    (folder / "exact/image/scores.json").write_text(json.dumps(scores), encoding="utf-8")
    return folder / "exact"


@pytest.fixture
def path(results, tmp_path, monkeypatch) -> Path:
    place = tmp_path / "exact.zip"
    monkeypatch.setattr("sys.argv", ["synclab bundle", str(results), "--to", str(place)])
    assert bundle.main() == 0
    return place


def run_verify(monkeypatch, caplog, *words: str | Path) -> tuple[int, str]:
    monkeypatch.setattr("sys.argv", ["synclab verify", *map(str, words)])
    caplog.clear()
    with caplog.at_level("INFO"):
        return verify.main(), caplog.text


def test_a_bundle_holds_rows_scores_and_thumbnails_but_no_pictures(path):
    endings = sorted(name.rpartition("/")[2].rpartition("-s0")[2] for name in unpack(path))
    assert endings == [".json"] * 2 + [".webp"] * 2 + ["config.json", MANIFEST, "scores.json"]


def test_an_untouched_bundle_is_intact_with_and_without_pictures(
    path, results, monkeypatch, caplog
):
    code, text = run_verify(monkeypatch, caplog, path)
    assert code == 0 and "1 bundles, 0 damaged files" in text
    assert run_verify(monkeypatch, caplog, path, "--pictures", results)[0] == 0


def test_equal_results_have_equal_bundles(path, results, monkeypatch):
    before = path.read_bytes()
    monkeypatch.setattr("sys.argv", ["synclab bundle", str(results), "--to", str(path)])
    assert bundle.main() == 0
    assert path.read_bytes() == before


def first(files: dict[str, bytes], ending: str) -> str:
    return next(name for name in sorted(files) if name.endswith(ending))


def change_score(files: dict[str, bytes]) -> None:
    files[first(files, "scores.json")] += b" "


def drop_row(files: dict[str, bytes]) -> None:
    name = first(files, "-s0.json")
    del files[name]
    manifest = json.loads(files[MANIFEST])
    del manifest[name]
    files[MANIFEST] = json.dumps(manifest).encode()


def drop_thumbnail(files: dict[str, bytes]) -> None:
    del files[first(files, ".webp")]


def change_configuration(files: dict[str, bytes]) -> None:
    """With a manifest to match, as a forger would."""
    name = first(files, "-s0.json")
    row = json.loads(files[name])
    row["config"]["method"]["steps"] = 50
    files[name] = json.dumps(row).encode()
    manifest = json.loads(files[MANIFEST])
    files[MANIFEST] = json.dumps(manifest | {name: sha256(files[name])}).encode()


def break_manifest(files: dict[str, bytes]) -> None:
    for name in [name for name in files if name.endswith((".webp", ".json"))][1:]:
        del files[name]
    files[MANIFEST] = b"["


@pytest.mark.parametrize(
    ("harm", "line"),
    [
        (change_score, "scores.json: differs from the manifest"),
        (drop_row, "which is missing"),
        (break_manifest, "differs from the manifest"),
        (drop_thumbnail, ".webp: missing"),
        (change_configuration, "its hash is not that of its configuration"),
    ],
)
def test_verify_tells_what_was_changed(harm, line, path, monkeypatch, caplog):
    files = unpack(path)
    harm(files)
    path.write_bytes(pack(files))
    code, text = run_verify(monkeypatch, caplog, path)
    assert code == 1 and line in text and "1 bundles, 1 damaged files" in text


def test_another_picture_is_found_out(path, results, tmp_path, monkeypatch, caplog):
    code, text = run_verify(monkeypatch, caplog, path, "--pictures", tmp_path)
    assert code == 1 and text.count("missing, but has a row") == 2


@pytest.mark.parametrize("content", [b"", b"no zip", None])
def test_what_is_no_bundle_is_one_line(content, tmp_path, monkeypatch, capsys):
    place = tmp_path / "x.zip"
    if content is not None:
        place.write_bytes(content)
    monkeypatch.setattr("sys.argv", ["synclab verify", str(place)])
    assert verify.main() == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"synclab: {place}: ") and line.endswith("a bundle of synclab bundle")


def test_a_bundle_is_a_zip_file(results, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["synclab bundle", str(results), "--to", f"{tmp_path}/x.tar"])
    assert bundle.main() == 1
    assert "expected the name of a ZIP file" in capsys.readouterr().err
