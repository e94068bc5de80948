"""MDM's checkpoint format, on a small one with random weights."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import close, streams
from small_checkpoint import projecting_text_encoder
from torch import Tensor, nn

from scripts.embedded.latent.text import build_tokenizer
from synclab.errors import UserError
from synclab.priors.branches import as_branches
from synclab.priors.mdm import MDM
from synclab.priors.motion_files import fingerprint

WIDTH, LAYERS, TEXT = 16, 2, 16
ARGUMENTS = {
    "dataset": "humanml", "arch": "trans_enc", "latent_dim": WIDTH, "layers": LAYERS,
    "noise_schedule": "cosine", "diffusion_steps": 1000, "cond_mask_prob": 0.1,
}  # fmt: skip


class Positions(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        place = torch.arange(5000).float()[:, None]
        rate = torch.exp(torch.arange(0, WIDTH, 2).float() * (-np.log(10000.0) / WIDTH))
        pe = torch.zeros(5000, 1, WIDTH)
        pe[:, 0, 0::2], pe[:, 0, 1::2] = (place * rate).sin(), (place * rate).cos()
        self.register_buffer("pe", pe)


class Original(nn.Module):
    """The published network as its paper describes it, with the names of its weights."""

    def __init__(self, channels: int = 263) -> None:
        super().__init__()
        self.input_process = nn.ModuleDict({"poseEmbedding": nn.Linear(channels, WIDTH)})
        self.sequence_pos_encoder = Positions()
        layer = nn.TransformerEncoderLayer(WIDTH, 4, 1024, 0.1, "gelu")
        self.seqTransEncoder = nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)
        self.embed_timestep = nn.Module()
        self.embed_timestep.sequence_pos_encoder = self.sequence_pos_encoder
        self.embed_timestep.time_embed = nn.Sequential(
            nn.Linear(WIDTH, WIDTH), nn.SiLU(), nn.Linear(WIDTH, WIDTH)
        )
        self.embed_text = nn.Linear(TEXT, WIDTH)
        self.output_process = nn.ModuleDict({"poseFinal": nn.Linear(WIDTH, channels)})

    def forward(self, x: Tensor, t: int, text: Tensor) -> Tensor:
        n, channels, _, frames = x.shape
        pe: Any = self.sequence_pos_encoder.pe
        emb: Any = self.embed_timestep.time_embed(pe[[t] * n]).permute(1, 0, 2)  # type: ignore
        emb = emb + self.embed_text(text)
        poses = x.permute(3, 0, 1, 2).reshape(frames, n, channels)
        sequence = torch.cat([emb, self.input_process["poseEmbedding"](poses)])
        out = self.seqTransEncoder(sequence + pe[: len(sequence)])[1:]
        return self.output_process["poseFinal"](out).permute(1, 2, 0)[:, :, None]


def save(folder: Path, channels: int = 263, **changes: Any) -> tuple[str, Original]:
    """A checkpoint as MDM's repository downloads it, and its network."""
    torch.manual_seed(0)
    network = Original(channels).eval()
    folder.mkdir(exist_ok=True)
    clip = {"clip_model.weight": torch.zeros(2)}
    torch.save({**network.state_dict(), **clip}, folder / "model000475000.pt")
    (folder / "args.json").write_text(json.dumps(ARGUMENTS | changes), encoding="utf-8")
    np.save(folder / "Mean.npy", np.linspace(-1, 1, channels))
    np.save(folder / "Std.npy", np.linspace(1, 2, channels))
    return str(folder / "model000475000.pt"), network


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("clip")
    torch.manual_seed(0)
    projecting_text_encoder().save_pretrained(folder)
    build_tokenizer().save_pretrained(folder)
    return str(folder)


def test_a_checkpoint_predicts_what_the_published_network_does(tmp_path: Path, clip: str) -> None:
    model, network = save(tmp_path)
    prior = MDM(model, frames=20, text_encoder=clip)
    x = streams().normal("x", (2, 263, 1, 20)).float()
    cond = prior.embed("a person walks").at(((0.0,), (1.0,)))
    (text,) = as_branches(cond).positive
    expected = network(x, 700, text)
    close(prior.schedule.x0(x, prior.predict(x, 700, cond, 1.0), 700), expected, 2e-4)
    free = network(x, 700, torch.zeros_like(text))
    close(prior.schedule.x0(x, prior.predict(x, 700, cond, 0.0), 700), free, 2e-4)
    assert text.abs().max() > 0 and not torch.allclose(expected, free)


def test_features_are_normalised_by_the_files_beside_it(tmp_path: Path, clip: str) -> None:
    prior = MDM(save(tmp_path)[0], frames=20, text_encoder=clip)
    first = prior.decode(torch.ones(1, 263, 1, 20))[0, :, 0, 0]
    close(first, torch.linspace(-1, 1, 263) + torch.linspace(1, 2, 263), 1e-6)


def test_the_end_of_a_long_text_is_not_read(tmp_path: Path, clip: str) -> None:
    prior = MDM(save(tmp_path)[0], frames=20, text_encoder=clip)
    start = "a desert " * 15
    texts = prior.encode_texts([start + "at night", start + "on a sunny day"])
    close(texts[0], texts[1], 1e-6)


@pytest.mark.parametrize(
    ("channels", "changes", "line"),
    [
        (251, {}, "a model of 251 numbers a frame, of another skeleton; expected 263"),
        (263, {"dataset": "kit"}, "its args.json has dataset=kit; expected humanml"),
        (263, {"diffusion_steps": 50}, "its args.json has diffusion_steps=50; expected 1000"),
        (263, {"arch": "trans_dec"}, "its args.json has arch=trans_dec; expected trans_enc"),
        (263, {"layers": 3}, "weights do not fit MDM's encoder, first seqTransEncoder.layers.2"),
    ],
)
def test_another_model_is_refused_in_a_line(
    tmp_path: Path, clip: str, channels: int, changes: Any, line: str
) -> None:
    model, _ = save(tmp_path, channels, **changes)
    with pytest.raises(UserError, match=line):
        MDM(model, frames=20, text_encoder=clip)


@pytest.mark.parametrize(
    ("gone", "line"),
    [
        ("args.json", "no readable args.json beside it"),
        ("Mean.npy", "no Mean.npy beside it; expected HumanML3D's"),
        ("model000475000.pt", "no such file or folder"),
    ],
)
def test_a_file_that_is_missing_is_named(tmp_path: Path, clip: str, gone: str, line: str) -> None:
    model, _ = save(tmp_path)
    (tmp_path / gone).unlink()
    with pytest.raises(UserError, match=line):
        MDM(model, frames=20, text_encoder=clip)


def test_the_files_of_the_text_encoder_are_part_of_the_identity(tmp_path: Path, clip: str) -> None:
    model, _ = save(tmp_path)
    hashes = {fingerprint(model, encoder) for encoder in (None, clip, "owner/name@commit")}
    assert len(hashes) == 2


def test_a_file_of_another_program_is_refused(tmp_path: Path, clip: str) -> None:
    model, _ = save(tmp_path)
    Path(model).write_bytes(b"no weights")
    with pytest.raises(UserError, match="not readable"):
        MDM(model, frames=20, text_encoder=clip)
