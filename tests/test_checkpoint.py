"""Where a checkpoint comes from: a folder, the Hub's cache, the first mirror that answers."""

import hashlib
import shutil
from pathlib import Path

import huggingface_hub
import pytest
import small_checkpoint

from synclab import doctor
from synclab.errors import UserError
from synclab.priors import checkpoint as places
from synclab.priors.latent import LatentPrior

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


def test_only_the_weights_that_are_read_are_hashed(checkpoint: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(checkpoint, tmp_path / "copy"))
    (copy / "unet" / "diffusion_pytorch_model.fp16.safetensors").write_bytes(b"a variant")
    assert places.weights_hash(str(copy), None) == places.weights_hash(str(checkpoint), None)


def test_shards_are_hashed_one_after_the_other(tmp_path: Path) -> None:
    (tmp_path / "unet").mkdir()
    for number, content in ((2, b"world"), (1, b"hello ")):
        name = f"diffusion_pytorch_model-0000{number}-of-00002.safetensors"
        (tmp_path / "unet" / name).write_bytes(content)
    found = places.weights_hash(str(tmp_path), None)
    assert found == hashlib.sha256(b"hello world").hexdigest()


# The Hub's cache

NAME, COMMIT = "some/model", "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def cache(checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that holds the checkpoint as the Hub's `main`, on a machine without network."""
    repository = tmp_path / "models--some--model"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(COMMIT)
    shutil.copytree(checkpoint, repository / "snapshots" / COMMIT)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    return repository / "snapshots" / COMMIT


def test_a_cached_name_is_found_without_network(cache: Path) -> None:
    """A checkpoint read part by part has no model_index.json there."""
    assert not (cache / "model_index.json").exists()
    assert places.locate("gone/original", [NAME], None) == NAME
    assert places.locate(NAME, [], COMMIT) == NAME


def test_a_revision_that_is_not_cached_is_not_there(cache: Path) -> None:
    with pytest.raises(UserError, match=f"{NAME}: not found"):
        places.locate(NAME, [], "f" * 40)


@pytest.mark.parametrize("revision", [None, COMMIT])
def test_cached_weights_have_the_hash_of_the_same_folder(
    cache: Path, checkpoint: Path, revision: str | None
) -> None:
    expected = places.weights_hash(str(checkpoint), None)
    assert places.weights_hash(NAME, revision) == expected
    assert places.weights_hash("not/there", None) is None


def test_a_prior_is_read_from_the_cache_and_knows_its_hash(cache: Path, checkpoint: Path) -> None:
    prior = LatentPrior("gone/original", mirrors=[NAME])
    assert prior.path == NAME
    assert prior.weights_hash == places.fingerprint(str(checkpoint))


@pytest.mark.parametrize("part", ["unet", "vae", "text_encoder"])
def test_a_part_without_its_weights_is_named(checkpoint: Path, tmp_path: Path, part: str) -> None:
    copy = Path(shutil.copytree(checkpoint, tmp_path / "copy"))
    next((copy / part).glob("*.safetensors")).unlink()
    with pytest.raises(UserError, match=f"prior.path={copy}: no usable {part} there.*; expected"):
        LatentPrior(str(copy))


def test_all_missing_parts_are_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "transformer").mkdir()
    line = "vae, text_encoder, tokenizer, scheduler missing; expected"
    with pytest.raises(UserError, match=line):
        places.resolve(str(tmp_path))


# The doctor


def test_the_doctor_names_every_prior_with_a_checkpoint() -> None:
    names = {finding.name for finding in doctor.checkpoints()}
    assert {"prior=tiny", "prior=sd21_base", "prior=sd15"} <= names
    assert "prior=exact" not in names


def test_the_doctor_looks_for_both_networks_of_a_controlnet() -> None:
    names = [finding.name for finding in doctor.checkpoints()]
    assert names.count("prior=sd15_depth") == 2


def test_the_doctor_says_how_to_fill_a_gap() -> None:
    for finding in [*doctor.checkpoints(), *doctor.judges(), *doctor.packages()]:
        assert finding.there or finding.note
