"""From results to scores: what is counted, what is refused, what is named and skipped."""

import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from small_samples import PANORAMA, SQUARE, add, add_truth, png

from synclab import evaluate
from synclab.config.prompts import sample_id
from synclab.errors import UserError
from synclab.judges.requirements import CLEAN_INCEPTION
from synclab.metrics import summary
from synclab.metrics.extractors.cube import InceptionFaces
from synclab.metrics.extractors.judge import JudgeFeatures
from synclab.metrics.protocol import FOLDER, read
from synclab.metrics.reference import WholeReference
from synclab.metrics.same_prior import with_keys_of
from synclab.metrics.seeds import equal
from synclab.metrics.world_reference import WorldReference
from synclab.store.folder import Store
from synclab.store.pictures import Picture, read_pictures

PROMPTS = ("a desert at night", "the sea at dawn", "a forest")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two methods on three prompts, and a reference of 20 images each with its features."""
    results = tmp_path_factory.mktemp("results")
    for prompt in PROMPTS:
        for seed in range(20):
            add(results / "reference" / "image" / "ddim", prompt, seed, SQUARE)
        for method in ("ddim", "stochsync"):
            add(results / "tiny" / "panorama" / method, prompt)
    add_truth(results, PROMPTS)
    evaluate.evaluate(results / "tiny" / "panorama", "embedded")
    return results


@pytest.fixture
def results(made: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil; hard links, for nothing is written in place."""
    for path in made.rglob("*"):
        copy = tmp_path / path.relative_to(made)
        copy.mkdir() if path.is_dir() else os.link(path, copy)
    return tmp_path


@pytest.fixture
def panorama(results: Path) -> Path:
    return results / "tiny" / "panorama"


def command(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr("sys.argv", ["synclab.evaluate", *map(str, arguments)])
    return evaluate.main()


def scores(panorama: Path, name: str = "embedded") -> dict[str, Any]:
    return json.loads((panorama / f"scores.{name}.json").read_text())


def values(panorama: Path, method: str) -> dict[str, float | None]:
    found = scores(panorama)["methods"][method]["scores"]
    return {column: entry["value"] for column, entry in found.items()}


@pytest.fixture(autouse=True)
def warnings(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    caplog.set_level(logging.WARNING)
    yield caplog


# --- What the file holds ---


def test_every_method_is_scored(panorama: Path) -> None:
    found = scores(panorama)
    parts = {"protocol", "reference", "noise_floor", "truth", "methods", "paired"}
    assert set(found) == parts
    assert found["protocol"]["name"] == "embedded" and found["protocol"]["task"] == "panorama"
    assert found["reference"] | {"hash": ""} == {
        "kind": "run",
        "path": "reference/image/ddim",
        "n": 30,
        "prior": "tiny",
        "hash": "",
    }
    for method in ("ddim", "stochsync"):
        own = found["methods"][method]
        assert (own["n"], own["prompts"], own["seeds"], own["prior"]) == (30, 3, [0], "tiny")
        assert own["config_hash"] == method and len(own["samples"]) == 3
        assert own["runtime"] == {"seconds": 2.0, "error": 0.0}
        assert (own["nfe"], own["memory_mb"]) == (100, 7)
        columns = (
            "fid fid_inf sfid kid kid_prompts cmmd is_1 is_10 giqa clip_embedded precision recall"
            " fid_truth sfid_truth kid_prompts_truth cmmd_truth seam_border seam_views ds_border"
            " ds_views"
        )
        assert set(own["scores"]) == set(columns.split())
        for entry in own["scores"].values():
            assert np.isfinite([entry["value"], entry["error"]]).all()


def test_the_noise_floor_is_the_held_out_half(panorama: Path) -> None:
    floor = scores(panorama)["noise_floor"]
    assert floor["n"] == 30 and "seam_views" not in floor["scores"]
    assert floor["scores"]["fid"]["value"] < values(panorama, "ddim")["fid"]


def test_the_truth_is_a_held_out_half_of_true_panoramas(panorama: Path) -> None:
    truth = scores(panorama)["truth"]
    assert truth["n"] == 30 and truth["scores"].keys() == values(panorama, "ddim").keys()
    assert all(entry["value"] is not None for entry in truth["scores"].values())


def test_without_true_panoramas_the_other_columns_are_still_scored(
    results: Path, warnings: Any
) -> None:
    folder = results / "teapots" / "panorama"
    for seed in range(20):
        add(results / "reference" / "image" / "ddim", "a teapot", seed, SQUARE)
    add(folder / "ddim", "a teapot")
    failed = evaluate.evaluate(folder, "embedded")
    assert any(
        "no fid_truth, sfid_truth, kid_prompts_truth, cmmd_truth: no true" in f for f in failed
    )
    assert values(folder, "ddim")["fid"] and scores(folder)["truth"] is None
    assert "'a teapot' names none of the embedded world's scenes" in warnings.text


def test_whole_spheres_are_scored_against_true_panoramas_alone(
    panorama: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WorldReference, "render", lambda _, sample: png(sample.id, SQUARE))
    assert evaluate.evaluate(panorama, "embedded_whole_sphere") == []
    found = scores(panorama, "embedded_whole_sphere")
    assert found["noise_floor"] is None and found["truth"]["scores"]["omnifid_truth"]["value"] > 0
    assert found["methods"]["ddim"]["scores"]["omnifid_truth"]["value"] > 0


def test_the_papers_omnifid_needs_real_panoramas_of_the_same_prompts(
    panorama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    CLEAN_INCEPTION.path.parent.mkdir(parents=True)
    CLEAN_INCEPTION.path.write_bytes(b"stands for the network")
    monkeypatch.setattr(InceptionFaces, "network", lambda _, views: views.mean((2, 3)))
    with pytest.raises(UserError, match="real/panorama/real: 0 reference .* synclab.ingest real"):
        evaluate.evaluate(panorama, "paper_whole_sphere")
    for prompt in PROMPTS:
        add(panorama.parents[1] / "real" / "panorama" / "real", prompt)
    assert evaluate.evaluate(panorama, "paper_whole_sphere") == []
    found = scores(panorama, "paper_whole_sphere")
    assert found["methods"]["ddim"]["scores"]["omnifid_truth"]["value"] > 0
    assert found["truth"] is None  # one real panorama a prompt leaves none to hold against it


# --- Seeds of each prompt ---


def test_of_each_prompt_as_many_seeds_are_scored_as_the_protocol_says(
    panorama: Path, warnings: Any
) -> None:
    before = values(panorama, "ddim")
    add(panorama / "ddim", PROMPTS[0], seed=4)
    assert evaluate.evaluate(panorama, "embedded") == []
    assert values(panorama, "ddim") == before
    assert "ddim: scored: the first 1 of 2 seeds of each prompt" in warnings.text


def test_prompts_with_fewer_seeds_than_the_protocol_scores_are_left_out(
    panorama: Path, tmp_path: Path, warnings: Any
) -> None:
    body = read(FOLDER / "embedded.yaml")
    body["tasks"]["panorama"] |= {"seeds": 2}
    (tmp_path / "two.yaml").write_text(yaml.safe_dump(body))
    with pytest.raises(UserError, match=r"no prompt has 2 seeds, .*eval=two .*seed=range\(2\)"):
        evaluate.evaluate(panorama, str(tmp_path / "two.yaml"))
    for method in ("ddim", "stochsync"):
        for prompt in PROMPTS[1:]:
            add(panorama / method, prompt, seed=1)
    assert evaluate.evaluate(panorama, str(tmp_path / "two.yaml")) == []
    own = scores(panorama, "two")["methods"]["ddim"]
    assert (own["prompts"], own["seeds"], len(own["samples"])) == (2, [0, 1], 4)
    assert f"left out: 1 prompts with fewer than 2 seeds, first {PROMPTS[0]!r}" in warnings.text


def test_unequal_numbers_of_seeds_are_told_of(tmp_path: Path, warnings: Any) -> None:
    """Where a protocol does not say how many."""
    for prompt, seed in ((PROMPTS[0], 3), (PROMPTS[0], 0), (PROMPTS[1], 0)):
        add(tmp_path, prompt, seed)
    assert [picture.row["seed"] for picture in equal(read_pictures(tmp_path), None)] == [0, 3, 0]
    assert "prompts have 1 to 2 seeds; all are scored" in warnings.text


# --- Pairs, exits ---


def test_two_methods_are_compared_prompt_by_prompt(panorama: Path) -> None:
    paired = scores(panorama)["paired"]["ddim - stochsync"]["kid"]
    ddim, stochsync = (values(panorama, m)["kid"] or 0 for m in ("ddim", "stochsync"))
    assert paired["value"] == pytest.approx(ddim - stochsync) and paired["error"] > 0


def test_the_command_ends_well(panorama: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert command(monkeypatch, panorama, "eval=embedded") == 0


# --- Nothing leaks from one to the other ---


def test_a_method_is_scored_by_itself(panorama: Path) -> None:
    """Neither other methods nor earlier evaluations change a number."""
    before = values(panorama, "stochsync")
    (panorama / "ddim").rename(panorama / ".ddim")
    evaluate.evaluate(panorama, "embedded")
    assert values(panorama, "stochsync") == before


def test_features_are_extracted_once(panorama: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = scores(panorama)
    monkeypatch.setattr(JudgeFeatures, "__call__", None)
    evaluate.evaluate(panorama, "embedded")
    assert scores(panorama) == before


def test_an_unreadable_cache_is_made_again(panorama: Path, warnings: Any) -> None:
    before, cache = scores(panorama), panorama.parent / ".features" / "judge_2"
    first = min(cache.iterdir())
    first.unlink()
    first.write_bytes(b"half a file")
    evaluate.evaluate(panorama, "embedded")
    assert scores(panorama) == before and f"{first}: not readable" in warnings.text


def test_features_of_another_extractor_are_refused(
    panorama: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(JudgeFeatures, "identity", "judge 3")
    assert command(monkeypatch, panorama) == 1
    error = capsys.readouterr().err
    assert "features of another extractor" in error and "'judge 3' now" in error
    assert str(panorama.parent / ".features" / "judge_2") in error


# --- Bad input ---


def spoil(image: Path, content: bytes) -> None:
    """Other bytes under the same name, with a row that believes in them."""
    row = json.loads(image.with_suffix(".json").read_text())
    Store(image.parent).write(row["id"], content, row)


def test_a_corrupt_image_is_named_and_skipped(panorama: Path, warnings: Any) -> None:
    image = min((panorama / "ddim").glob("*.png"))
    spoil(image, image.read_bytes()[:60])
    assert evaluate.evaluate(panorama, "embedded") == []
    assert f"{image}: left out: " in warnings.text
    methods = scores(panorama)["methods"]
    assert (methods["ddim"]["n"], methods["stochsync"]["n"]) == (20, 30)
    assert scores(panorama)["paired"] == {}


def test_an_image_that_is_not_its_rows_is_named_and_skipped(panorama: Path, warnings: Any) -> None:
    image = min((panorama / "ddim").glob("*.png"))
    image.unlink()
    image.write_bytes(png("another", PANORAMA))
    evaluate.evaluate(panorama, "embedded")
    assert f"{image}: left out: differs from its row's hash" in warnings.text
    assert scores(panorama)["methods"]["ddim"]["n"] == 20


def test_a_row_without_its_image_is_named_and_skipped(panorama: Path, warnings: Any) -> None:
    image = min((panorama / "ddim").glob("*.png"))
    image.unlink()
    evaluate.evaluate(panorama, "embedded")
    assert f"{image.with_suffix('.json')}: left out: its image is missing" in warnings.text
    assert scores(panorama)["methods"]["ddim"]["n"] == 20


def test_an_unreadable_row_and_an_image_without_one_are_named(
    panorama: Path, warnings: Any
) -> None:
    (panorama / "ddim" / "torn-s9.json").write_text("{")
    (panorama / "ddim" / "poor-s9.json").write_text('{"id": "poor", "sha256": "0"}')
    (panorama / "ddim" / "stray-s9.png").write_bytes(png("stray", PANORAMA))
    evaluate.evaluate(panorama, "embedded")
    assert "torn-s9.json: left out: not a readable row" in warnings.text
    assert "poor-s9.json: left out: not a readable row (without prompt, seed)" in warnings.text
    assert "stray-s9.png: left out: it has no row" in warnings.text
    assert scores(panorama)["methods"]["ddim"]["n"] == 30


def test_features_that_are_not_numbers_are_named_and_skipped(
    panorama: Path, warnings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = add(panorama / "ddim", "a cave")
    add_truth(panorama.parents[1], ("a cave",))
    for seed in range(20):
        add(panorama.parents[1] / "reference" / "image" / "ddim", "a cave", seed, SQUARE)
    monkeypatch.setattr(JudgeFeatures, "__call__", lambda *_: {"features": np.array([[np.nan]])})
    evaluate.evaluate(panorama, "embedded")
    assert f"{image}: left out: its features judge.features are not finite" in warnings.text
    assert scores(panorama)["methods"]["ddim"]["n"] == 30


def test_an_empty_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tiny" / "panorama" / "ddim").mkdir(parents=True)
    for folder in (tmp_path / "tiny" / "panorama", tmp_path / "none" / "panorama"):
        assert command(monkeypatch, folder) == 1
        error = capsys.readouterr().err
        assert f"{folder}: no finished sample there" in error and error.count("\n") == 1
        assert not list(folder.glob("scores*"))


def test_a_method_without_samples_is_told_of(panorama: Path) -> None:
    (panorama / "sds").mkdir()
    failed = evaluate.evaluate(panorama, "embedded")
    assert any("sds: no fid, fid_inf, " in line and "no finished sample" in line for line in failed)
    assert values(panorama, "sds")["fid"] is None and values(panorama, "ddim")["fid"]


def test_too_few_images_leave_a_reason_and_an_exit_code(
    results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = results / "tiny" / "image"
    add(folder / "ddim", PROMPTS[0], 99, SQUARE)
    assert command(monkeypatch, folder) == 1
    error = capsys.readouterr().err
    assert "ddim: no fid, sfid: fid: 1 images; expected at least 2" in error
    assert "ddim: no is_10: is: 1 images; expected at least one for each of 10" in error
    own = scores(folder)["methods"]["ddim"]["scores"]
    assert own["fid"]["value"] is None and own["fid"]["reason"]
    assert own["clip_embedded"]["value"] is not None and own["clip_embedded"]["error"] is None


def test_the_scores_are_printed(panorama: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    evaluate.evaluate(panorama, "embedded")
    *_, text, path = caplog.messages
    head, *rows = [line.split() for line in text.splitlines() if line]
    assert head == ["score", "ddim", "stochsync", "truth", "floor", "better"]
    assert {row[0] for row in rows} == set(scores(panorama)["methods"]["ddim"]["scores"])
    assert path.endswith("scores.embedded.json")


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (49.587, 4.666, "49.6 ± 4.7"),
        (141.67, 17.4, "142 ± 17"),
        (-0.03961, 0.00313, "-0.0396 ± 0.0031"),
        (4769.2, 3257.1, "4769 ± 3257"),
        (0.5, None, "0.5"),
        (0.0, 0.0, "0"),
        (None, None, "–"),
    ],
)
def test_a_number_has_two_digits_of_its_error(
    value: float | None, error: float | None, text: str
) -> None:
    assert summary.show({"value": value, "error": error}) == text


def test_tables_are_as_wide_as_asked() -> None:
    """What a set lacks is a dash; without truth and floor there is no column for them."""
    number = {"value": 1.0, "error": 0.1, "better": "lower"}
    methods = {name: {"scores": {"fid": number}} for name in ("a", "b", "c")}
    methods["a"]["scores"]["kid"] = number
    body = {"methods": methods, "truth": None, "noise_floor": None}
    assert list(summary.tables(body, summary.NAME + 2 * summary.CELL)) == [
        [
            ("score", "a", "b", "better"),
            ("fid", "1.00 ± 0.10", "1.00 ± 0.10", "lower"),
            ("kid", "1.00 ± 0.10", "–", "lower"),
        ],
        [("score", "c", "better"), ("fid", "1.00 ± 0.10", "lower")],
    ]


def test_giqa_refuses_the_reference_itself(results: Path) -> None:
    source, folder = results / "reference" / "image" / "ddim", results / "tiny" / "image"
    Store(folder / "ddim").open({})
    for path in source.glob("*-s1.*"):
        os.link(path, folder / "ddim" / path.name)
    failed = evaluate.evaluate(folder, "embedded")
    assert any("no giqa: giqa: 3 images are in the reference set too" in line for line in failed)


def test_a_missing_reference_names_the_command_that_makes_it(panorama: Path) -> None:
    add(panorama / "ddim", "a city")
    with pytest.raises(UserError, match="0 reference images of 'a city'; expected 10") as caught:
        evaluate.evaluate(panorama, "embedded")
    _, command = str(caught.value).rsplit("; ", 1)
    made = "python -m synclab.run experiment=reference prompts=SET"
    assert command == f"{made} results={panorama.parents[1]}"


@pytest.mark.parametrize(
    ("rows", "keys"),
    [
        ([{"prompts": "demo", "prompt": "a"}, {"prompts": "demo", "prompt": "b"}], "prompts=demo"),
        ([{"prompt": "a lake, by night"}], "prompts=null 'prompt=a lake, by night'"),
        ([{"prompts": "demo", "prompt": "a"}, {"prompt": "b"}], "prompts=SET"),
    ],
)
def test_a_reference_is_asked_for_by_the_prompts_that_are_scored(
    rows: list[dict[str, str]], keys: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    scored, results = [Picture(tmp_path, row) for row in rows], tmp_path / "results"
    made = "python -m synclab.run experiment=reference"
    assert with_keys_of(scored, f"{made} prompts=SET", results) == f"{made} {keys}"
    assert with_keys_of(scored, f"{made} prompts=own", tmp_path / "mine") == (
        f"{made} prompts=own results=mine"
    )
    assert with_keys_of(scored, "delete the folder", tmp_path) == "delete the folder"


@pytest.mark.parametrize(
    ("weights", "lora", "expected"),
    [("a" * 64, None, False), ("b" * 64, None, True), ("a" * 64, "c" * 64, True)],
    ids=["the same weights", "other weights", "another LoRA"],
)
def test_a_reference_of_other_weights_is_named(
    panorama: Path, warnings: Any, weights: str, lora: str | None, expected: bool
) -> None:
    """Distances to the plain samples of another prior are no scores of a method alone."""
    for image in (panorama.parents[1] / "reference" / "image" / "ddim").glob("*.png"):
        restate(image, weights="a" * 64)
    for image in panorama.glob("*/*.png"):
        restate(image, prior="mine", weights=weights, config={"prior": {"lora": lora}})
    evaluate.evaluate(panorama, "embedded")
    named = "plain samples of prior=tiny, with other weights than the samples of prior=mine"
    assert (named in warnings.text) is expected


def test_rows_that_state_no_weights_give_no_warning(panorama: Path, warnings: Any) -> None:
    evaluate.evaluate(panorama, "embedded")
    assert "other weights" not in warnings.text


def restate(image: Path, **facts: object) -> None:
    """Changes facts of a sample's row."""
    path = image.with_suffix(".json")
    row = json.loads(path.read_text(encoding="utf-8"))
    path.unlink()  # a hard link
    path.write_text(json.dumps(row | facts), encoding="utf-8")


def test_without_held_out_images_there_is_no_noise_floor(panorama: Path, warnings: Any) -> None:
    reference = panorama.parents[1] / "reference" / "image" / "ddim"
    for path in reference.glob(f"{sample_id(PROMPTS[0], 19)}*"):
        path.unlink()
    evaluate.evaluate(panorama, "embedded")
    assert scores(panorama)["noise_floor"] is None and "no noise floor" in warnings.text


def test_a_device_that_is_not_there_is_refused(
    panorama: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    with pytest.raises(UserError, match="device=mps: this machine has none"):
        evaluate.evaluate(panorama, "embedded", device="mps")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("embeded", "eval=embeded: no such protocol; did you mean 'embedded'?"),
        ("paper", "eval=paper_panorama: no "),
        ("paper_wide", "eval=paper_wide: has no task 'panorama'"),
    ],
)
def test_a_protocol_that_cannot_be_followed_is_refused(
    panorama: Path, name: str, message: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(UserError, match=message.replace("?", r"\?")):
        evaluate.evaluate(panorama, name)


def test_masked_pictures_are_held_against_plain_ones_of_their_last_text(tmp_path):
    plain = tmp_path / "reference" / "image" / "ddim"
    for prompt in ("a sea", "a hill", "a sea | a hill | a cave"):
        add(plain, prompt, size=SQUARE)
    source = WholeReference("reference/image/ddim", per_prompt=1)
    found = source.pictures(tmp_path, {"a hill | a tree | a sea", "a cave | a sea"})
    assert sorted(own.prompt for own in found) == ["a cave | a sea", "a hill | a tree | a sea"]
    assert len({own.path for own in found}) == 1
