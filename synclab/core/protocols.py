"""The protocols: what priors, spaces, methods and tasks expect of each other.

Shape names used everywhere: n views, c channels, h w pixels of a view (or of its latent), H W cells
of the canonical space. Instance tensors are (n, c, h, w), canonical ones (c, H, W).
"""

from abc import abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Protocol, Self

from annotated_types import Interval
from torch import Tensor

from synclab.core.known import Known
from synclab.core.meter import Meter
from synclab.core.schedule import Schedule

Count = Annotated[int, Interval(ge=1, le=1_000_000)]
"""A number of items, at least 1."""

TimeSteps = Annotated[int, Interval(ge=1, le=1000)]
"""A number of diffusion times; more than the training times would repeat some."""

Time = Annotated[int, Interval(ge=0, le=999)]
"""A diffusion time: 0 is almost clean, 999 almost pure noise."""

Canonical = Literal["rgb", "latent"]
"""Contents of the canonical state: RGB pixels, or latents of the network."""

View = tuple[float, ...]
"""Parameters of one view of a space: (azimuth, elevation) in degrees, an offset, …"""

Views = tuple[View, ...]
"""An ordered set of views; hashable, so that projection maps can be cached."""

SOURCE: Views = ((1.0,),)
"""In an edit, the view whose condition is the source's prompt; all others have the target's."""

Estimates = Iterator[Tensor | None]
"""The canonical estimate (c, H, W) after every step of a method, or None where it would cost extra
work; the last one is the result.
"""


@dataclass(frozen=True)
class Sample:
    """The unit of work: one prompt and one seed of a task."""

    id: str
    prompt: str
    seed: int


class Rng(Protocol):
    """Independent random streams of one sample, one for each purpose."""

    def normal(self, purpose: str, shape: tuple[int, ...]) -> Tensor:
        """Standard normal noise on the prior's device."""
        ...

    def uniform(self, purpose: str, low: float, high: float, count: int) -> list[float]:
        """`count` numbers in [low, high)."""
        ...

    def integer(self, purpose: str, low: int, high: int) -> int:
        """An integer in [low, high], both included."""
        ...


class Cond(Protocol):
    """Denoiser inputs that condition n views: row i belongs to view i."""

    def take(self, rows: slice) -> Self:
        """Selects the condition of a slice of the views."""
        ...

    def join(self, others: Sequence[Self]) -> Self:
        """Concatenates these rows and those of the others, all made by the same prior."""
        ...


class Condition(Protocol):
    """A task's conditioning of the denoiser: one prompt, a prompt for each view, or depth."""

    def at(self, views: Views) -> Cond:
        """The condition of these views, one row for each."""
        ...


class Everywhere:
    """The empty condition, for priors that take none (the exact ones)."""

    def at(self, views: Views) -> Self:
        return self

    def take(self, rows: slice) -> Self:
        return self

    def join(self, others: Sequence[Self]) -> Self:
        return self


class Denoiser(Protocol):
    """The part of a prior that methods use: denoises small square images, and handles guidance
    and chunking itself.
    """

    @property
    def schedule(self) -> Schedule:
        """How signal and noise mix over time."""
        ...

    @property
    def shape(self) -> tuple[int, int, int]:
        """(c, h, w) of the latent or image that the network denoises."""
        ...

    def predict(self, x: Tensor, t: int, cond: Cond, guidance: float) -> Tensor:
        """The noise in x (n c h w) at time t: eps_u + guidance (eps_c - eps_u)."""
        ...

    def distance(self, x0: Tensor, other: Tensor) -> Tensor:
        """Perceptual distance of clean states: (n,), differentiable; `other` may broadcast."""
        ...


class Prior(Denoiser, Protocol):
    """A pretrained model: the denoiser of methods, the encoders of tasks, the counters of jobs.

    `predict` accepts only conditions that this prior made, by `embed` or a method `with_...`.
    """

    needs: ClassVar[tuple[str, ...]]
    """Inputs that a task must provide for every view besides the prompt, such as "depth"."""

    @property
    def prediction(self) -> str:
        """Output type of the network: "epsilon", "v_prediction", "flow" or "sample"."""
        ...

    @property
    def distilled(self) -> bool:
        """Whether it was distilled to a few calls, with guidance in its weights."""
        ...

    @property
    def device(self) -> str:
        """Device of its networks and their inputs."""
        ...

    @property
    def meter(self) -> Meter:
        """Counts and times its network calls."""
        ...

    @property
    def checkpoint(self) -> str | None:
        """The folder or the name on the Hub that was loaded; None without weights."""
        ...

    @property
    def weights_hash(self) -> str | None:
        """SHA-256 of the denoiser's weights; None without weights."""
        ...

    @property
    def image_size(self) -> int:
        """Pixels along a side of a view."""
        ...

    @property
    def image_channels(self) -> int:
        """Channels of an image: 3 for RGB."""
        ...

    @property
    def factor(self) -> int:
        """Downsampling factor of the VAE: image pixels per latent pixel, along a side."""
        ...

    def embed(self, prompt: str) -> Condition:
        """The prompt as a condition, the same for every view."""
        ...

    def attention(self, x: Tensor, t: int, cond: Cond) -> tuple[Tensor, Tensor]:
        """Mean attention maps of the network at (x, t) under the prompt.

        Returns: cross-attention (n, tokens, h, w) to the tokens of the prompt, at the resolution
            of x, and self-attention (n, p, p) between the places of a square grid.
        """
        ...

    def token_places(self, prompt: str, words: Collection[str]) -> list[int]:
        """Places of some of the prompt's words among the tokens of `attention`."""
        ...

    def with_depth(self, text: Condition, disparity: Callable[[Views], Tensor]) -> Condition:
        """The condition of a task with known surfaces; `text` itself if the prior uses no depth.

        Args:
            disparity: from views to inverse depth (n 1 H W) in [0, 1]: 1 is the nearest that a view
                sees, 0 the farthest and where there is nothing.
        """
        ...

    def with_coarse(
        self, text: Condition, coarse: Callable[[Views], Tensor], noise: Callable[[Views], Tensor]
    ) -> Condition:
        """The condition of a task that enlarges a picture; `text` itself if the prior cannot.

        Args:
            coarse: from views to what they show of the small picture, resized (n 3 H W), in [0, 1].
            noise: from views to standard normal noise (n 3 H W), the same wherever views meet.
        """
        ...

    def encode(self, image: Tensor, /, eps: Tensor | None = None) -> Tensor:
        """Images (n, 3, H, W) in [0, 1] to latents (n c h w).

        The mean of the encoder's posterior, or with standard normal `eps` (n c h w) a sample of it.
        """
        ...

    def decode(self, latent: Tensor, /) -> Tensor:
        """Latents (n c h w) to images (n, 3, H, W)."""
        ...


class Space(Protocol):
    """A canonical space Z seen through views: a linear projection and its way back."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """(c, H, W) of the canonical state."""
        ...

    @property
    def initial(self) -> Tensor | None:
        """The canonical state that the task starts from; None if there is none."""
        ...

    @property
    def known(self) -> Known | None:
        """The region of the canonical state that is given in advance; None if there is none."""
        ...

    def all_views(self) -> Views:
        """The fixed, overlapping views that synchronisation methods use at every step."""
        ...

    def disjoint_views(self, step: int, rng: Rng) -> Views:
        """Views that do not overlap, a different set at every step (StochSync).

        A space that rotates its views at random draws the rotation before the step's noise.
        """
        ...

    def shifted_views(self, rng: Rng) -> Views:
        """Views that cover everything that any view sees, overlap as little as the space allows,
        and are moved together by a random offset if it has one (SpotDiffusion).
        """
        ...

    def overlaps(self) -> Sequence[tuple["Space", Views]]:
        """What neighbours of `all_views` share, as views of the same canonical space (DiffCollage):
        a space for each size of an overlap, and its views. Each cell that n views see is in n - 1.
        """
        ...

    def around_overlaps(self) -> tuple[int, Views]:
        """Views centred on what each two neighbours of `all_views` share, and how many columns that
        is (DoubleTake); of overlaps of several sizes only the most frequent.
        """
        ...

    def random_views(self, count: int, rng: Rng) -> Views:
        """Views drawn anew at every step (score distillation)."""
        ...

    def project(self, z: Tensor, views: Views) -> Tensor:
        """f_c: renders the views of z: (c, H, W) -> (n, c, h, w). Linear and differentiable."""
        ...

    def project_noise(self, noise: Tensor, views: Views) -> Tensor:
        """Renders standard normal noise (c, H, W) to views (n, c, h, w) that see the same noise
        where they overlap; each view's pixels have unit variance and no correlation.

        True of spaces whose projection copies cells; where it averages, the space scales the means.
        """
        ...

    def scatter(self, y: Tensor, views: Views) -> tuple[Tensor, Tensor]:
        """Weighted sum (c, H, W) of the views on each cell, and the weights (1, H, W)."""
        ...

    def average(self, y: Tensor, views: Views, old: Tensor | None) -> Tensor:
        """Weighted mean (c, H, W) of the views on each cell, in a new tensor; cells that no view
        sees keep their `old` value, or 0 if `old` is None.
        """
        ...

    def inwardness(self, views: Views) -> Tensor:
        """0 at the borders that a view shares with other views, 1 at its centre.

        Returns: (h, w) at the prior's resolution, or (n, 1, h, w) if it differs between views.
        """
        ...

    def overlay(self, own: Tensor, seen: Tensor, views: Views) -> Tensor:
        """Instance state (n c h w) of synchronised views: `seen` where they see the canonical
        state, their `own` values beside it.
        """
        ...

    def beside(self, views: Views, rng: Rng) -> tuple[Tensor, Tensor] | None:
        """For views that count in a region only: backgrounds (n c h w) that say nothing about the
        picture, drawn anew, and the regions (n, 1, h, w); None if all views show everything.
        """
        ...

    def to_instance(self, y: Tensor) -> Tensor:
        """Turns projected values into network inputs: VAE encoding, or identity."""
        ...

    def to_canonical(self, x: Tensor) -> Tensor:
        """Inverse of `to_instance`: VAE decoding, or identity."""
        ...


class Method(Protocol):
    """An algorithm: a frozen dataclass of hyper-parameters, derived from this class."""

    steps: int
    """Number of estimates that it yields."""

    @property
    def canonical(self) -> Canonical | None:
        """The canonical state that it needs; None if any will do."""
        return None

    @property
    def noisy(self) -> bool:
        """Whether it projects or averages noisy states, from which means take variance."""
        return False

    @property
    def sequential(self) -> bool:
        """Whether it paints one view after another and keeps what was painted."""
        return False

    @property
    def prediction(self) -> str | None:
        """The required `Prior.prediction`; None if any will do."""
        return None

    @property
    def keeps_known(self) -> bool:
        """Whether its result agrees with a known region; see `synclab.core.sync.pin`."""
        return False

    @property
    def needs_overlaps(self) -> bool:
        """Whether it needs `Space.overlaps`, which spaces of perspective views do not have."""
        return False

    @property
    def needs_distance(self) -> bool:
        """Whether it needs `Denoiser.distance`, which pictures have."""
        return False

    @property
    def needs_distilled(self) -> bool:
        """Whether it needs a sharp x0 of every network call, which only a distilled prior gives."""
        return False

    @property
    def needs_source(self) -> bool:
        """Whether it edits a picture: `Space.initial`, and its inversion in `Space.known`."""
        return False

    @abstractmethod
    def __call__(self, prior: Denoiser, space: Space, condition: Condition, rng: Rng) -> Estimates:
        """Runs the algorithm, and yields `steps` times."""
        ...


class NoisyMethod(Method, Protocol):
    """A method that averages noisy states, so its canonical state must be in latent space."""

    @property
    def canonical(self) -> Canonical | None:
        return "latent"

    @property
    def noisy(self) -> bool:
        return True


class Task(Protocol):
    """Sets up the space and the condition of a method, and makes an image of its result."""

    provides: ClassVar[tuple[str, ...]]
    """Inputs that it provides for every view besides the prompt; see `Prior.needs`."""

    @property
    def canonical(self) -> Canonical:
        """What the canonical state holds."""
        ...

    def check(self, method: Method, name: str) -> None:
        """Raises a UserError if this task has no canonical state that the method can work in.

        Args:
            name: the name of the method in the configuration.
        """
        ...

    def check_prior(self, prior: "Prior", name: str) -> None:
        """Raises a UserError if the prior denoises something else than this task's views.

        Args:
            name: the name of the prior in the configuration.
        """
        ...

    def check_prompt(self, prompt: str) -> None:
        """Raises a UserError if this task cannot divide the prompt among its views."""
        ...

    @property
    def version(self) -> int:
        """Incremented when the same values produce different pictures than before; part of a run's
        identity if above 1.
        """
        ...

    def inputs(self) -> Mapping[str, Path]:
        """Files that the pictures depend on, by key; their content is part of a run's identity."""
        ...

    def space(self, prior: Prior, rng: Rng, sample: Sample) -> Space:
        """The space that the method works in."""
        ...

    def condition(self, prior: Prior, sample: Sample) -> Condition:
        """The conditioning of the denoiser."""
        ...

    def image(self, prior: Prior, z: Tensor) -> Tensor:
        """The canonical state z (c, H, W) as an RGB image (3, H, W) in [0, 1]."""
        ...

    def metadata(self, height: int, width: int) -> str:
        """XMP for the file of an image of this size in pixels; empty for none."""
        ...

    def artefacts(self, prior: Prior, z: Tensor, image: Tensor) -> Mapping[str, bytes]:
        """Files stored beside the image, by their endings ("glb").

        Args:
            z: the canonical state (c, H, W).
            image: what `image` made of it.
        """
        ...
