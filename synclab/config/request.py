"""The named choices of a run."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Request:
    """The choice for each group of the configuration, and whether it is part of a sweep."""

    task: str
    method: str
    prior: str
    preset: str
    sweep: bool = False
