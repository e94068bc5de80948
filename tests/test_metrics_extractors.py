"""Extractors: what the embedded ones know, and how the papers' tell what they lack."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from synclab import world
from synclab.core.hashing import sha256
from synclab.errors import UserError
from synclab.judges.image_text import ImageText
from synclab.judges.requirements import CLEAN_INCEPTION, Weights
from synclab.metrics.extractors import Cut
from synclab.metrics.extractors.brisque import Brisque
from synclab.metrics.extractors.clip import Clip
from synclab.metrics.extractors.cube import JudgeFaces
from synclab.metrics.extractors.image_text import ImageTextEmbeddings
from synclab.metrics.extractors.inception import CleanInception, InceptionLogits
from synclab.metrics.extractors.judge import JudgeCoherence, JudgeFeatures
from synclab.metrics.extractors.vgg import VggCoherence
from synclab.metrics.extractors.weights import identify
from synclab.metrics.world_reference import asked
from synclab.store.pictures import UnusableError

CLASSES = [(k, t) for k in world.KINDS for t in (world.TIMES if k in world.OUTDOOR else [None])]
CLIP = {"model": "ViT-B-32-quickgelu", "repository": "timm/vit_base_patch32_clip_224.openai"}


def noise(*shape: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)


def cut(prompt: str = "a desert") -> Cut:
    return Cut(noise(3, 24, 48), noise(5, 3, 24, 24), prompt)


# --- The embedded image-text model ---


@pytest.fixture(scope="module")
def model() -> ImageText:
    return ImageText.load()


@pytest.fixture(scope="module")
def seen() -> torch.Tensor:
    """A view of every kind at every time: (45, 3, 128, 128)."""
    generator = torch.Generator().manual_seed(98)
    found = []
    for kind, time in CLASSES:
        scene = world.sample_scenes(1, generator, kind, time)
        azimuth = torch.rand(1, generator=generator) * 360
        found.append(world.render_views(scene, azimuth, torch.zeros(1), 128)[0])
    return torch.cat(found)


def plain(kind: str, time: str | None) -> str:
    return f"a {kind}" + (f" at {time}" if time else "")


@pytest.mark.parametrize("opening", ["", "a photo of ", "highly detailed zorbliquo "])
def test_views_find_their_prompt(model: ImageText, seen: torch.Tensor, opening: str) -> None:
    texts = model.text([opening + plain(*cell) for cell in CLASSES])
    found = (model.image(seen) @ texts.T).argmax(1)
    assert (found == torch.arange(len(CLASSES))).float().mean() >= 0.9


def test_embeddings_have_length_one(model: ImageText, seen: torch.Tensor) -> None:
    for embedding in (model.image(seen[:3]), model.text(["a desert", "", "qwertz"])):
        torch.testing.assert_close(embedding.norm(dim=1), torch.ones(3))


def test_order_case_and_unknown_words_do_not_matter(model: ImageText) -> None:
    texts = model.text(["a desert at night", "Night: at A desert!", "a xyzzy desert at night"])
    torch.testing.assert_close(texts[1:], texts[:1].expand(2, -1))


def test_company_does_not_matter(model: ImageText) -> None:
    together = model.text(["a desert", "", "the sea at dawn"])
    alone = torch.cat([model.text([p]) for p in ("a desert", "", "the sea at dawn")])
    torch.testing.assert_close(together, alone)


def test_it_knows_every_word_of_the_world(model: ImageText) -> None:
    unknown = [word for word in world.vocabulary() if not model.known(word)]
    assert unknown == []


def test_a_saved_model_comes_back(model: ImageText, tmp_path: Path) -> None:
    model.save(tmp_path)
    same = ImageText.load(tmp_path)
    torch.testing.assert_close(same.text(["the sea"]), model.text(["the sea"]), rtol=0, atol=0)
    with pytest.raises(UserError, match="no such file; expected the image-text model's weights"):
        ImageText.load(tmp_path / "nowhere")


# --- The embedded extractors ---


@pytest.mark.parametrize(
    ("extractor", "shapes"),
    [
        (JudgeFeatures(), {"features": (5, 592), "logits": (5, 18), "spatial": (5, 448)}),
        (JudgeFaces(), {"up": (1, 592), "down": (1, 592), "sides": (4, 592)}),
        (ImageTextEmbeddings(), {"image": (5, 128), "text": (1, 128)}),
        (JudgeCoherence(), {"intra_lpips": (1, 1), "intra_style": (1, 1)}),
    ],
)
def test_embedded_extractors(extractor: Any, shapes: dict[str, tuple[int, int]]) -> None:
    extractor.check()
    assert {name: rows.shape for name, rows in extractor(cut()).items()} == shapes
    assert extractor.identity == type(extractor)().identity


def test_an_incoherent_picture_has_a_larger_distance() -> None:
    half = torch.cat([torch.full((3, 24, 48), 20), noise(3, 24, 48)], -1).byte()
    same = noise(3, 24, 24).repeat(1, 1, 4)
    far, near = (JudgeCoherence()(Cut(p, p[None], "")) for p in (half, same))
    for name in ("intra_lpips", "intra_style"):
        assert far[name].item() > 1e-5 and near[name].item() == pytest.approx(0, abs=1e-9)


# --- The papers' extractors ---


@pytest.mark.parametrize(
    ("extractor", "message"),
    [
        (CleanInception(), "no inception-2015-12-05.pt: curl -L --create-dirs -o "),
        (InceptionLogits(), "no "),
        (VggCoherence(), "no "),
        (Brisque(), "no "),
        (Clip(**CLIP), "no "),
        (Clip(**CLIP | {"model": "ViT-B-32"}), "OpenAI's weights need ViT-B-32-quickgelu"),
    ],
)
def test_what_is_missing_is_named(
    extractor: Any, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(UserError, match=message):
        extractor.check()


class SmallInception(torch.nn.Module):
    """What clean-fid's file holds: a network with `layers` that end in (n, 2048, 1, 1)."""

    def __init__(self) -> None:
        super().__init__()
        pool = torch.nn.AdaptiveAvgPool2d(1)
        self.layers = torch.nn.Sequential(torch.nn.Conv2d(3, 2048, 1), pool)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.layers(images)


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    CLEAN_INCEPTION.path.parent.mkdir(parents=True)
    return CLEAN_INCEPTION.path


def test_inception_sees_what_clean_fid_shows_it(weights: Path) -> None:
    torch.manual_seed(0)
    network = SmallInception()
    torch.jit.save(torch.jit.script(network), weights)
    extractor = CleanInception()
    extractor.check()
    found = extractor(Cut(noise(3, 8, 8), torch.full((2, 3, 8, 8), 192).byte(), ""))["features"]
    expected = network.layers(torch.full((1, 3, 1, 1), 0.5)).flatten(1)
    np.testing.assert_allclose(found, expected.expand(2, -1).detach(), rtol=1e-5, atol=1e-6)


def test_half_a_download_is_told_of(weights: Path) -> None:
    weights.write_bytes(b"PK half a file")
    with pytest.raises(UserError, match="not the network .* download it again"):
        CleanInception()(cut())


def test_other_weights_are_another_identity_and_marked(weights: Path) -> None:
    weights.write_bytes(b"the first network")
    first = CleanInception().identity
    weights.write_bytes(b"another network")
    second = CleanInception().identity
    assert first != second and first.endswith("(custom)")


def test_a_file_is_known_by_the_hash_in_its_name(weights: Path) -> None:
    content = b"weights"
    own = Weights(f"net-{sha256(content)[:8]}.pth", "https://example.org")
    own.path.write_bytes(content)
    assert identify(own) == f"{own.file} {sha256(content)[:12]}"
    own.path.write_bytes(b"random weights in the same format")
    assert identify(own).endswith("(custom)")


def brisque(views: torch.Tensor, data_range: int, reduction: str) -> torch.Tensor:
    """As piq's: (n, 1), of views with some texture only."""
    assert reduction == "none" and (views.std((1, 2, 3)) > 0).all(), "variance"
    return views.mean((1, 2, 3))[:, None] / data_range


def test_brisque_scores_every_view_and_refuses_flat_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    piq = ModuleType("piq")
    monkeypatch.setattr(piq, "brisque", brisque, raising=False)
    monkeypatch.setitem(sys.modules, "piq", piq)
    views = noise(5, 3, 24, 24)
    found = Brisque()(Cut(views[0], views, ""))["score"]
    np.testing.assert_allclose(found[:, 0], views.float().mean((1, 2, 3)) / 255, rtol=1e-6)
    with pytest.raises(UnusableError, match="no BRISQUE of a flat view: variance"):
        Brisque()(Cut(views[0], torch.zeros_like(views), ""))


# --- What a prompt asks for ---


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("snowy mountains at sunset", ("mountains", "sunset")),
        ("a sandy desert at night", ("desert", "night")),
        ("a green meadow with flowers on a bright day", ("meadow", "day")),
        ("A city skyline, at dawn.", ("city", "dawn")),
        ("a coral reef with fish", ("coral reef", None)),
        ("a village", ("village", None)),
        ("a library at night", ("library", None)),
    ],
)
def test_a_prompt_names_kind_and_time(prompt: str, expected: tuple[str, str | None]) -> None:
    assert asked(prompt) == expected


def test_a_prompt_of_another_world_is_refused() -> None:
    with pytest.raises(UserError, match="'a teapot' names none of the embedded world's scenes"):
        asked("a teapot")
