"""MDM's published checkpoints of HumanML3D: a state dict, its arguments, and CLIP for the text.

Tevet et al., "Human Motion Diffusion Model", 2023 (arXiv 2209.14916), the encoder variant with 1000
cosine steps (humanml_trans_enc_512).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from synclab.errors import UserError
from synclab.priors.checkpoint import address
from synclab.priors.frozen import frozen
from synclab.priors.motion import MotionPrior
from synclab.priors.motion_files import find
from synclab.priors.motion_network import MotionTransformer
from synclab.priors.tiny_motion import check_channels

ARGUMENTS = {
    "dataset": "humanml",
    "arch": "trans_enc",
    "noise_schedule": "cosine",
    "diffusion_steps": 1000,
}
"""Values of args.json that this adapter needs; a key that is missing has them."""

HEADS, INNER = 4, 1024
"""Sizes that no argument of MDM changes."""

WORDS = 20
"""Tokens of a text that MDM reads, besides those of its beginning and end."""

CONSTANT = ("clip_model.", "rot2xyz.", "sequence_pos_encoder.", "embed_timestep.sequence_pos_")
"""Beginnings of the names of weights that MDM does not train."""


@dataclass
class MDM(MotionPrior):
    """`model` is a model*.pt with its args.json, Mean.npy and Std.npy (HumanML3D's) beside it.

    `text_encoder` is CLIP ViT-B/32 in transformers' format: a folder or a name on the Hub.
    """

    text_encoder: str = "openai/clip-vit-base-patch32"

    def load(self) -> tuple[MotionTransformer, Tensor, Tensor]:
        path = find(self.model)
        arguments = self.arguments(path)
        state = self.state(path)
        width, channels = state["input_process.poseEmbedding.weight"].shape
        check_channels(self.model, channels)
        network = MotionTransformer(
            channels,
            width,
            int(arguments.get("layers", 8)),
            HEADS,
            INNER,
            state["embed_text.weight"].shape[1],
        )
        wrong = network.load_state_dict(state, strict=False)
        if odd := [*wrong.missing_keys, *wrong.unexpected_keys]:
            raise UserError(
                f"prior.model={self.model}: {len(odd)} weights do not fit MDM's encoder, first"
                f" {odd[0]}; expected a checkpoint such as humanml_trans_enc_512"
            )
        self.load_text_encoder()
        return network, self.beside(path, "Mean.npy"), self.beside(path, "Std.npy")

    def arguments(self, path: Path) -> dict[str, Any]:
        """The values of args.json.

        Raises: UserError if it is missing or asks for another kind of model.
        """
        place = path.with_name("args.json")
        try:
            found = json.loads(place.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UserError(
                f"prior.model={self.model}: no readable args.json beside it ({error}); expected"
                " the one of its download"
            ) from error
        for key, expected in ARGUMENTS.items():
            if found.get(key, expected) != expected:
                raise UserError(
                    f"prior.model={self.model}: its args.json has {key}={found[key]}; expected"
                    f" {expected}; use a checkpoint such as humanml_trans_enc_512"
                )
        return found

    def state(self, path: Path) -> dict[str, Tensor]:
        """The trained weights, by MDM's names."""
        try:
            whole: Any = torch.load(path, map_location="cpu", weights_only=True)
            whole = whole.get("model_avg", whole.get("model", whole))
            state = {k: v for k, v in whole.items() if not k.startswith(CONSTANT)}
            assert {"input_process.poseEmbedding.weight", "embed_text.weight"} <= state.keys()
        except Exception as error:  # torch raises errors of any type for foreign files
            reason = str(error).split("\n")[0] or "no weights of MDM"
            raise UserError(
                f"prior.model={self.model}: not readable ({reason}); expected a model*.pt of MDM"
            ) from error
        return state

    def beside(self, path: Path, name: str) -> Tensor:
        """Statistics (263,) of HumanML3D, from a file beside the checkpoint."""
        place = path.with_name(name)
        if not place.is_file():
            raise UserError(
                f"prior.model={self.model}: no {name} beside it; expected HumanML3D's; copy it from"
                " its dataset folder"
            )
        return torch.from_numpy(np.load(place, allow_pickle=False)).float()

    def load_text_encoder(self) -> None:
        from transformers import CLIPTextModelWithProjection, CLIPTokenizer

        name, revision = address(self.text_encoder)
        place: Any = {"revision": revision}
        try:
            self.tokenizer: Any = CLIPTokenizer.from_pretrained(name, **place)
            reader = CLIPTextModelWithProjection.from_pretrained(name, **place)
        except Exception as error:  # errors of any type, as of the network
            reason = str(error).split("\n")[0]
            raise UserError(
                f"prior.text_encoder={self.text_encoder}: no usable CLIP there ({reason});"
                " expected a folder in transformers' format, or a name on the Hub"
            ) from error
        self.reader = frozen(reader).to(self.device)

    def encode_texts(self, texts: Sequence[str]) -> Tensor:
        """CLIP's projected text embeddings; zeros for the empty text."""
        ids = self.tokenizer(
            list(texts), padding=True, truncation=True, max_length=WORDS + 2, return_tensors="pt"
        ).to(self.device)
        said = torch.tensor([bool(text.strip()) for text in texts], device=self.device)
        return said[:, None] * self.reader(**ids).text_embeds.float()
