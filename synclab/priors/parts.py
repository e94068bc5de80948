"""Reads the parts of a checkpoint in diffusers format: networks, tokenizers, the schedule."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from synclab.core.schedule import Schedule
from synclab.errors import UserError
from synclab.priors.checkpoint import EXPECTED, address
from synclab.priors.frozen import frozen
from synclab.priors.threshold import Clip, read_threshold

PROBLEMS = {
    "missing_keys": "weights missing from the file",
    "unexpected_keys": "weights that the network does not have",
    "mismatched_keys": "weights of another shape",
}
"""Faults that loading reports, and their names in messages."""


def matters(key: str) -> bool:
    """Whether a key holds trained weights; position indices are constants."""
    return not key.endswith("position_ids")


@dataclass(frozen=True)
class Parts:
    """A folder or a name on the Hub, with the dtype and device for its networks.

    A fault in any part raises a UserError that names the `key` of the configuration, the part and
    what was `expected`.
    """

    path: str
    dtype: torch.dtype
    device: str
    key: str = "prior.path"
    expected: str = EXPECTED

    def network(self, kind: Any, part: str | None) -> Any:
        """A network of diffusers; None for `part` if the folder holds only this network."""
        plainly = {"low_cpu_mem_usage": False}  # else diffusers requires accelerate
        return self._module(kind, part, **plainly)

    def text_encoder(self, kind: Any, part: str) -> Any:
        return self._module(kind, part)

    def _module(self, kind: Any, part: str | None, **options: Any) -> Any:
        options |= {"dtype": self.dtype, "use_safetensors": True, "output_loading_info": True}
        module, report = self._load(kind, part, **options)
        self._check_keys(report, part or "network")
        return frozen(module).to(self.device)

    def _check_keys(self, report: Any, part: str) -> None:
        """Refuses missing weights, which would stay random, and unexpected or mismatched ones.

        Raises: UserError with the first of them.
        """
        known = {
            name: set(getattr(report, name, None) or report.get(name, ())) for name in PROBLEMS
        }
        wrong = {name: sorted(filter(matters, map(str, keys))) for name, keys in known.items()}
        for name, keys in wrong.items():
            if keys:
                raise UserError(
                    f"{self.key}={self.path}: its {part} has {len(keys)} {PROBLEMS[name]}, first"
                    f" {keys[0]}; expected weights that fit its config.json; get the whole file"
                )

    def tokenizer(self, kind: Any, part: str) -> Any:
        """A tokenizer; if its files are missing, transformers silently makes an empty one."""
        tokenizer = self._load(kind, part)
        if len(tokenizer) <= len(tokenizer.all_special_tokens):
            raise UserError(f"{self.key}={self.path}: its {part} is empty; {self.expected}")
        return tokenizer

    def scheduler(self) -> tuple[Schedule, str]:
        """The schedule, and what the network predicts."""
        from synclab.priors.scheduler import read_scheduler

        with self._usable("scheduler"):
            return read_scheduler(self._scheduler_file())

    def clipping(self) -> Clip:
        """How the scheduler file clips estimates of the clean image."""
        with self._usable("scheduler"):
            return read_threshold(self._scheduler_file())

    def _scheduler_file(self) -> dict[str, Any]:
        from diffusers import DDIMScheduler

        name, revision = address(self.path)
        place: Any = {"subfolder": "scheduler", "revision": revision}
        config: Any = DDIMScheduler.load_config(name, **place)
        return config

    def _load(self, kind: Any, part: str | None, **options: Any) -> Any:
        with self._usable(part or "network"):
            name, revision = address(self.path)
            options |= {"revision": revision} | ({"subfolder": part} if part else {})
            return kind.from_pretrained(name, **options)

    @contextmanager
    def _usable(self, part: str) -> Iterator[None]:
        """Turns errors of any type from the libraries into a UserError."""
        try:
            yield
        except Exception as error:
            if asks_for_licence(error):
                name, _ = address(self.path)
                raise UserError(
                    f"{self.key}={self.path}: its authors ask you to accept a licence first; do so"
                    f" on https://huggingface.co/{name}, then run hf auth login"
                ) from error
            reason = str(error).split("\n")[0]
            raise UserError(
                f"{self.key}={self.path}: no usable {part} there ({reason}); {self.expected}"
            ) from error


def asks_for_licence(error: BaseException) -> bool:
    """Whether the Hub refused a download because a licence was not accepted.

    diffusers and transformers raise errors of their own from the Hub's.
    """
    from huggingface_hub.errors import GatedRepoError

    cause = error.__cause__ or error.__context__
    return isinstance(error, GatedRepoError) or (cause is not None and asks_for_licence(cause))
