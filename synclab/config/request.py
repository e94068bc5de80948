"""What a run is asked for by name."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Request:
    """The choice made for each group of the configuration, and whether a sweep asks for it."""

    task: str
    method: str
    prior: str
    preset: str
    sweep: bool = False
