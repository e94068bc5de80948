"""Where a checkpoint comes from: a folder, the Hub's cache, the first mirror that answers."""

import shutil
from pathlib import Path

import pytest
import small_checkpoint

from synclab import doctor
from synclab.errors import UserError
from synclab.priors import checkpoint as places

checkpoint = small_checkpoint.checkpoint


def test_a_folder_is_taken_before_any_mirror(checkpoint: Path) -> None:
    assert places.locate(str(checkpoint), ["some/mirror"], None) == str(checkpoint.resolve())


def test_mirrors_are_tried_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def available(name: str, revision: str | None) -> bool:
        tried.append((name, revision))
        return name == "second/mirror"

    monkeypatch.setattr(places, "available", available)
    found = places.locate("gone/original", ["first/mirror", "second/mirror", "third/one"], "abc")
    assert found == "second/mirror"
    assert tried == [("gone/original", "abc"), ("first/mirror", "abc"), ("second/mirror", "abc")]


def test_what_was_tried_is_named_when_nothing_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "available", lambda name, revision: False)
    with pytest.raises(UserError, match=r"gone/original, some/mirror.*prior\.path=/a/diffusers"):
        places.locate("gone/original", ["some/mirror"], None)


def test_the_fingerprint_is_that_of_the_denoiser(checkpoint: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(checkpoint, tmp_path / "copy"))
    assert places.fingerprint(str(copy)) == places.fingerprint(str(checkpoint))
    weights = next((copy / "unet").glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    assert places.fingerprint(str(copy)) != places.fingerprint(str(checkpoint))


def test_a_name_on_the_hub_has_no_fingerprint() -> None:
    assert places.fingerprint("some/name") is None


def test_the_doctor_names_every_prior_with_a_checkpoint() -> None:
    names = {finding.name for finding in doctor.checkpoints()}
    assert {"prior=tiny", "prior=sd21_base", "prior=sd15"} <= names
    assert "prior=exact" not in names


def test_the_doctor_says_how_to_fill_a_gap() -> None:
    for finding in [*doctor.checkpoints(), *doctor.packages()]:
        assert finding.there or finding.note
