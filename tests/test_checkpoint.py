"""Where a checkpoint comes from: a folder, the Hub's cache, the first mirror that answers."""

import hashlib
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
from command_line import ROOT
from omegaconf import OmegaConf

from synclab import doctor
from synclab.core.torchvision_build import check_torchvision
from synclab.errors import UserError
from synclab.places import CONF
from synclab.priors import checkpoint as places
from synclab.priors.latent import LatentPrior


def test_a_folder_is_taken_before_any_name(checkpoint: Path) -> None:
    assert places.locate(["some/name", str(checkpoint)]) == str(checkpoint.resolve())


def test_names_are_tried_in_order_and_the_cache_before_the_hub(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = ["gone/original@abc", "first/mirror@def", "second/mirror", "third/one"]
    asked = []
    monkeypatch.setattr(
        places, "is_whole", lambda name, parts: asked.append(name) or name == "third/one"
    )
    monkeypatch.setattr(places, "on_the_hub", lambda name: name == "first/mirror@def")
    assert places.locate(names) == "third/one"
    assert asked == names
    assert places.locate(names[:3]) == "first/mirror@def"


def test_what_was_tried_is_named_when_nothing_answers(cache: Path) -> None:
    with pytest.raises(UserError, match=r"gone/original, some/mirror.*prior\.path=/a/diffusers"):
        places.locate(["gone/original", "some/mirror"])


def test_a_pin_is_told_from_the_name(tmp_path: Path) -> None:
    assert places.address("owner/name") == ("owner/name", None)
    assert places.address("owner/name@abc") == ("owner/name", "abc")
    (tmp_path / "a@b").mkdir()
    assert places.address(str(tmp_path / "a@b")) == (str(tmp_path / "a@b"), None)


def test_every_prior_names_the_commit_that_the_hub_shall_give() -> None:
    """But for originals that are gone: of them a cache has one commit, if any."""
    for path in sorted((CONF / "prior").glob("*.yaml")):
        prior: Any = OmegaConf.load(path)
        first = [*places.each(prior.get("path", []))[:1], prior.get("control_path")]
        for name in [name for name in first if name and not (ROOT / name).is_dir()]:
            assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", name), f"{path}: pin {name}@COMMIT"


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
    assert places.weights_hash(str(copy)) == places.weights_hash(str(checkpoint))


def test_shards_are_hashed_one_after_the_other(tmp_path: Path) -> None:
    (tmp_path / "unet").mkdir()
    for number, content in ((2, b"world"), (1, b"hello ")):
        name = f"diffusion_pytorch_model-0000{number}-of-00002.safetensors"
        (tmp_path / "unet" / name).write_bytes(content)
    found = places.weights_hash(str(tmp_path))
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
    assert places.locate(["gone/original", NAME]) == NAME
    assert places.locate(f"{NAME}@{COMMIT}") == f"{NAME}@{COMMIT}"


def test_a_revision_that_is_not_cached_is_not_there(cache: Path) -> None:
    with pytest.raises(UserError, match=f"{NAME}@f+: not found"):
        places.locate(f"{NAME}@{'f' * 40}")


@pytest.mark.parametrize("name", [NAME, f"{NAME}@{COMMIT}"])
def test_cached_weights_have_the_hash_of_the_same_folder(
    cache: Path, checkpoint: Path, name: str
) -> None:
    assert places.weights_hash(name) == places.weights_hash(str(checkpoint))
    assert places.weights_hash("not/there") is None


@pytest.mark.parametrize("name", [NAME, f"{NAME}@{COMMIT}"])
def test_a_prior_is_read_from_the_cache_and_knows_its_hash(
    cache: Path, checkpoint: Path, name: str
) -> None:
    prior = LatentPrior(["gone/original", name])
    assert prior.path == name
    assert prior.weights_hash == places.fingerprint(str(checkpoint))


@pytest.mark.parametrize("part", ["unet", "vae", "text_encoder"])
def test_a_part_without_its_weights_is_named(checkpoint: Path, tmp_path: Path, part: str) -> None:
    copy = Path(shutil.copytree(checkpoint, tmp_path / "copy"))
    next((copy / part).glob("*.safetensors")).unlink()
    with pytest.raises(UserError, match=f"prior.path={copy}: {part}/.*safetensors missing; "):
        LatentPrior(str(copy))


@pytest.mark.parametrize(
    ("name", "content", "remedy"),
    [
        ("diffusion_pytorch_model.bin", b"", r"\.bin is not a safetensors file; .*save_pretrained"),
        ("diffusion_pytorch_model.fp16.safetensors", b"", "is a variant; copy it to"),
        ("diffusion_pytorch_model.safetensors.incomplete", b"", "download it again"),
        ("diffusion_pytorch_model.safetensors", b"version https://git-lfs.x", "run git lfs pull"),
        (
            "diffusion_pytorch_model.safetensors.index.json",
            b'{"weight_map": {"a": "diffusion_pytorch_model-00001-of-00002.safetensors"}}',
            "00001-of-00002.safetensors missing; download it again",
        ),
    ],
)
def test_weights_in_another_form_are_refused_with_the_remedy(
    checkpoint: Path, tmp_path: Path, name: str, content: bytes, remedy: str
) -> None:
    copy = Path(shutil.copytree(checkpoint, tmp_path / "copy"))
    next((copy / "unet").glob("*.safetensors")).unlink()
    (copy / "unet" / name).write_bytes(content)
    with pytest.raises(UserError, match=remedy):
        places.locate(str(copy))


def test_a_second_text_encoder_without_weights_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(checkpoint, tmp_path / "copy"))
    shutil.copytree(copy / "text_encoder", copy / "text_encoder_2")
    assert places.locate(str(copy)) == str(copy)
    next((copy / "text_encoder_2").glob("*.safetensors")).unlink()
    with pytest.raises(UserError, match="text_encoder_2/model.safetensors missing"):
        places.locate(str(copy))


def test_a_half_download_does_not_hide_a_whole_mirror(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = Path(shutil.copytree(checkpoint, tmp_path / "half"))
    next((half / "vae").glob("*.safetensors")).unlink()
    folders = {"the/original": half, "a/mirror": checkpoint}
    monkeypatch.setattr(places, "cached", folders.get)
    monkeypatch.setattr(places, "on_the_hub", lambda name: False)
    assert places.locate(["the/original", "a/mirror"]) == "a/mirror"
    with pytest.raises(UserError, match="the/original is incomplete in the cache: vae/.* missing"):
        places.locate("the/original")


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


def test_the_doctor_lists_all_judges_that_eval_paper_reads() -> None:
    names = {finding.name for finding in doctor.judges()}
    body = OmegaConf.to_container(OmegaConf.load(CONF / "eval" / "paper_panorama.yaml"))
    assert isinstance(body, dict)
    clips = {e["repository"] for e in body["extractors"].values() if "repository" in e}
    assert len(clips) == 3 and clips < names


def test_a_torchvision_of_another_build_is_named_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = "raise RuntimeError('operator torchvision::nms does not exist\\nmore')"
    (tmp_path / "torchvision.py").write_text(broken)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "torchvision", raising=False)
    line = "not built for this torch .*nms does not exist.*pip install .*torchvision"
    with pytest.raises(UserError, match=line) as error:
        check_torchvision()
    assert "\n" not in str(error.value)
    assert not doctor.torchvision().there


def test_the_doctor_says_how_to_fill_a_gap() -> None:
    for finding in [*doctor.checkpoints(), *doctor.judges(), *doctor.packages()]:
        assert finding.there or finding.note
