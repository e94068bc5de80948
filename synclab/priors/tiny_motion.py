"""The embedded motion prior: a folder of safetensors and JSON, trained on the world of motion."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from synclab.core.schedule import Schedule
from synclab.errors import UserError
from synclab.priors.motion import MotionPrior
from synclab.priors.motion_files import EXPECTED, find
from synclab.priors.motion_network import MotionTransformer
from synclab.priors.motion_text import BagOfWords

CHANNELS = 263
"""Numbers of a frame: HumanML3D's features of 22 joints."""

SIZES = (
    "channels", "width", "layers", "heads", "inner", "text_width", "patch", "everywhere",
    "smooth",
)  # fmt: skip
"""Keys of config.json that are arguments of the network."""


@dataclass
class TinyMotion(MotionPrior):
    """`model` is a folder with config.json and model.safetensors, which holds the weights of the
    network and of its bag of words, and the features' `mean` and `std`.
    """

    def load(self) -> tuple[MotionTransformer, Tensor, Tensor]:
        from safetensors.torch import load_file

        folder = find(self.model)
        try:
            config: Any = json.loads((folder / "config.json").read_text(encoding="utf-8"))
            state = {k: v.float() for k, v in load_file(folder / "model.safetensors").items()}
            check_channels(self.model, config["channels"])
            network = MotionTransformer(**{key: config[key] for key in SIZES})
            self.text = BagOfWords(config["words"], config["text_width"])
            modules = torch.nn.ModuleDict({"network": network, "text": self.text})
            self.schedule = Schedule.cosine(config["shift"])
            mean, std = state.pop("mean"), state.pop("std")
            modules.load_state_dict(state)
        except UserError:
            raise
        except Exception as error:  # the libraries raise errors of any type for foreign files
            reason = str(error).split("\n")[0]
            raise UserError(
                f"prior.model={self.model}: not readable ({reason}); {EXPECTED}"
            ) from error
        self.text.eval().requires_grad_(False)
        return network, mean, std

    def encode_texts(self, texts: Sequence[str]) -> Tensor:
        return self.text(texts)


def check_channels(model: str | Path, channels: int) -> None:
    """Refuses a model of another skeleton.

    Raises: UserError naming its numbers of a frame.
    """
    if channels != CHANNELS:
        raise UserError(
            f"prior.model={model}: a model of {channels} numbers a frame, of another skeleton;"
            f" expected {CHANNELS}, HumanML3D's features of 22 joints"
        )
