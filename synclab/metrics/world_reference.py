"""The procedural world's true renderings of a prompt: an upper bound for the embedded prior."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import torch
from annotated_types import Ge, Interval
from tqdm import tqdm

from synclab.config.prompts import samples
from synclab.core.pictures import to_png
from synclab.core.protocols import Sample
from synclab.core.streams import Streams
from synclab.errors import UserError
from synclab.store.folder import Store
from synclab.store.pictures import Picture, read_pictures
from synclab.world import (
    KINDS,
    Scenes,
    render_panorama,
    render_views,
    request,
    sample_scenes,
)


class Renderings:
    """Pictures of the procedural world, rendered once and stored like the samples of a run."""

    per_prompt: int
    path: str
    subject: ClassVar[str] = ""
    """Precedes the prompt where scenes are drawn: sources of several subjects share no scene."""
    kind: ClassVar[str] = "world"
    command: ClassVar[str] = "delete the folder and evaluate again"

    def pictures(self, results: Path, prompts: Collection[str]) -> list[Picture]:
        """All pictures of these prompts; renders missing ones first."""
        store = Store(results / self.path)
        store.open({"world": self.identity})
        seeds = range(2 * self.per_prompt)
        wanted = [s for seed in seeds for s in samples(sorted(prompts), seed)]
        todo = [sample for sample in wanted if not store.done(sample.id)]
        for sample in tqdm(todo, "world", disable=None):
            store.write(sample.id, self.render(sample), describe(sample), self.beside(sample))
        return [p for p in read_pictures(store.folder) if p.prompt in prompts]

    @property
    def identity(self) -> dict[str, Any]:
        """What all pictures of the folder have in common."""
        raise NotImplementedError

    def render(self, sample: Sample) -> bytes:
        """Renders one picture as PNG."""
        raise NotImplementedError

    def beside(self, sample: Sample) -> Mapping[str, bytes]:
        """Files beside the picture by their endings; none by default."""
        return {}

    def scene(self, prompt: str) -> tuple[str, str | None]:
        """The kind and, if any, the time of the scenes."""
        return asked(prompt)

    def draw(self, prompt: str, seed: int) -> tuple[Scenes, torch.Generator]:
        """The scene of this prompt and seed, and the generator for what else is drawn."""
        kind, time = self.scene(prompt)
        generator = Streams("world", f"{self.subject}{prompt}", seed).generator("scene")
        return sample_scenes(1, generator, kind, time), generator


@dataclass(frozen=True)
class WorldReference(Renderings):
    """Level views of new scenes of the kind and time that a prompt names."""

    per_prompt: Annotated[int, Ge(1)]
    size: Annotated[int, Ge(1)] = 128
    fov: Annotated[float, Interval(gt=0, lt=180)] = 72.0
    path: str = "reference/image/world"

    @property
    def identity(self) -> dict[str, Any]:
        return {"size": self.size, "fov": self.fov}

    def render(self, sample: Sample) -> bytes:
        return self.view(sample.prompt, sample.seed, self.fov)

    def view(self, prompt: str, seed: int, fov: float) -> bytes:
        """One view as PNG; scene and azimuth are drawn for this prompt and seed."""
        scene, generator = self.draw(prompt, seed)
        azimuth = 360 * torch.rand(1, generator=generator)
        rgb, _ = render_views(scene, azimuth, torch.zeros(1), self.size, fov)
        return to_png(rgb[0])


@dataclass(frozen=True)
class WorldPanoramas(Renderings):
    """Whole panoramas of scenes that no `WorldReference` shows: coherent by construction.

    Views of one panorama share its palette, as those of a method's panorama do and those of
    independent samples do not.
    """

    per_prompt: Annotated[int, Ge(1)]
    height: Annotated[int, Ge(2)] = 512
    path: str = "reference/panorama/world"
    subject: ClassVar[str] = "panorama of "

    @property
    def identity(self) -> dict[str, Any]:
        return {"height": self.height}

    def render(self, sample: Sample) -> bytes:
        scene, _ = self.draw(sample.prompt, sample.seed)
        rgb, _ = render_panorama(scene, self.height, 2 * self.height)
        return to_png(rgb[0])


def describe(sample: Sample) -> dict[str, Any]:
    return {"id": sample.id, "prompt": sample.prompt, "seed": sample.seed, "prior": "world"}


def asked(prompt: str) -> tuple[str, str | None]:
    """The kind and, if any, the time that a prompt names.

    Raises: UserError if the prompt names no kind.
    """
    found = request.asked(prompt)
    if found is None:
        raise UserError(
            f"the prompt {prompt!r} names none of the embedded world's scenes, so it has no true"
            f" rendering; expected one of {', '.join(KINDS)}; name one, or use"
            " eval=embedded, whose other columns need none"
        )
    return found
