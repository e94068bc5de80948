"""The papers' prompt sets, which are downloaded on request: `prompts/papers.yaml`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from annotated_types import Ge

from synclab.config.prompt_files import parse
from synclab.config.schema import validate
from synclab.config.yaml_files import read_yaml
from synclab.core.hashing import sha256
from synclab.errors import UserError
from synclab.places import PROMPTS


@dataclass(frozen=True)
class PromptSet:
    """Source of a paper's prompts, and the hash and count that verify them."""

    about: str
    file: str
    address: str
    sha256: str | None
    count: Annotated[int, Ge(1)]
    licence: str

    @property
    def path(self) -> Path:
        """Path of the downloaded file."""
        return PROMPTS / self.file

    def check(self, content: bytes, place: str) -> None:
        """Raises a UserError if the content is not this set."""
        found = sha256(content)
        if self.sha256 and found != self.sha256:
            raise UserError(
                f"{place}: another file than expected; sha256 {found}, not {self.sha256}"
            )
        try:
            count = len(parse(content, Path(self.file).suffix))
        except ValueError as error:
            raise UserError(f"{place} {error}") from error
        if count != self.count:
            raise UserError(f"{place}: {count} prompts; expected {self.count}")

    def verify(self, place: str) -> None:
        """Raises a UserError, with a remedy, if the downloaded file is not this set."""
        try:
            self.check(self.path.read_bytes(), place)
        except UserError as error:
            raise UserError(
                f"{error}; download it again with python scripts/fetch_prompts.py, or copy it"
                " under another name to use it as your own set"
            ) from error


def read_sets(path: Path = PROMPTS / "papers.yaml") -> dict[str, PromptSet]:
    """All sets by name."""
    body = read_yaml(path)
    return {
        name: PromptSet(**validate(PromptSet, entry, f"{path}: {name}"))
        for name, entry in body.items()
    }
