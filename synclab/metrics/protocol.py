"""Evaluation protocols: versioned YAML files in conf/eval that define every number."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from annotated_types import Ge

from synclab.config import plugins
from synclab.config.schema import build, validate
from synclab.config.yaml_files import read_yaml
from synclab.core.hashing import config_hash
from synclab.errors import UserError, nearest
from synclab.judges.requirements import DOCTOR
from synclab.places import CONF

FOLDER = CONF / "eval"


@dataclass(frozen=True)
class ProtocolFile:
    """Keys of a protocol's file."""

    about: str
    version: Annotated[int, Ge(1)]
    reference: dict[str, Any]
    groups: Annotated[int, Ge(2)] | None
    extractors: dict[str, dict[str, Any]]
    tasks: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class TaskEntry:
    """Keys of one task in a protocol's file."""

    views: dict[str, Any]
    columns: dict[str, dict[str, Any]]
    truth: dict[str, Any] | None = None
    seeds: Annotated[int, Ge(1)] | None = None


@dataclass(frozen=True)
class Protocol:
    """A protocol for one task. Its parts are built on demand."""

    name: str
    task: str
    body: Mapping[str, Any]

    @property
    def groups(self) -> int | None:
        """Number of groups of prompts for the jackknife; None for one group per prompt."""
        return self.body["groups"]

    @property
    def hash(self) -> str:
        """Hash of everything that affects the scores."""
        body = {key: self.body[key] for key in self.body if key != "about"}
        own = plugins.identify(body)
        return config_hash({**body, "plugins": own} if own else body)

    @property
    def asked(self) -> Mapping[str, Any]:
        """The keys of `TaskEntry` for the task."""
        return self.body["tasks"][self.task]

    @property
    def seeds(self) -> int | None:
        """Number of seeds that are scored of each prompt; None for all."""
        return self.asked.get("seeds")

    def views(self) -> Any:
        return build(self.asked["views"], f"eval.tasks.{self.task}.views")

    def columns(self) -> dict[str, Any]:
        key = f"eval.tasks.{self.task}.columns"
        return {n: build(body, f"{key}.{n}") for n, body in self.asked["columns"].items()}

    def reference(self) -> Any:
        return build(self.body["reference"], "eval.reference")

    def truth(self) -> Any:
        """The source of true pictures of the task, such as whole panoramas; None if it has none."""
        body = self.asked.get("truth")
        return body and build(body, f"eval.tasks.{self.task}.truth")

    def sources(self, columns: Iterable[str]) -> set[str]:
        """Names of the extractors that the given columns read."""
        bodies = [self.asked["columns"][column] for column in columns]
        return {str(b[key]).split(".")[0] for b in bodies for key in ("of", "text") if key in b}

    def extractors(self, device: str) -> dict[str, Any]:
        """The extractors that the task's columns read, by name."""
        bodies, used = self.body["extractors"], self.sources(self.asked["columns"])
        for name in used - bodies.keys():
            raise UserError(f"eval={self.name}: {name}: no such extractor; {nearest(name, bodies)}")
        return {n: build(bodies[n], f"eval.extractors.{n}", device=device) for n in sorted(used)}

    def check(self) -> None:
        """Raises a UserError that lists everything this machine lacks for the extractors."""
        found = map(lack, self.extractors("cpu").values())
        if missing := list(dict.fromkeys(filter(None, found))):
            raise UserError(f"eval={self.name}: {'; '.join(missing)}; {DOCTOR}")


def lack(extractor: Any) -> str | None:
    """Requirements of an extractor that this machine lacks."""
    try:
        extractor.check()
    except UserError as error:
        return str(error)


def read_protocol(name: str, task: str) -> Protocol:
    """The protocol NAME_TASK if it exists, such as `paper_panorama`, else NAME."""
    path = find(name, task)
    body = read(path)
    validate(ProtocolFile, body, "eval")
    if task not in body["tasks"]:
        raise UserError(f"eval={path.stem}: has no task {task!r}; {nearest(task, body['tasks'])}")
    validate(TaskEntry, body["tasks"][task], f"eval.tasks.{task}")
    return Protocol(path.stem, task, body)


def read(path: Path) -> dict[str, Any]:
    """The values of a file; a file with `like` inherits from another and overrides its keys."""
    body = read_yaml(path)
    if not isinstance(body, dict):
        raise UserError(f"{path}: expected a protocol; see {FOLDER}")
    like = body.pop("like", None)
    return {**read(find(like, "")), **body} if like else body


def find(name: str, task: str) -> Path:
    """A file of conf/eval by its name, or any other by its path."""
    for path in (FOLDER / f"{name}_{task}.yaml", FOLDER / f"{name}.yaml", Path(name)):
        if path.is_file():
            return path
    choices = [path.stem for path in FOLDER.glob("*.yaml")]
    raise UserError(f"eval={name}: no such protocol; {nearest(name, choices)}")
