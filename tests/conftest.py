"""Shared by the property tests: tiny spaces and priors, noise, and how to run a method."""

import contextlib
import gc
import os
import tempfile

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ["SYNCLAB_CACHE"] = tempfile.mkdtemp()  # not the user's

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import quick_composition
import torch
from _pytest.logging import caplog_handler_key
from torch import Tensor

from synclab.core.protocols import Everywhere, Prior, Rng, Space
from synclab.core.streams import Streams
from synclab.priors.exact import Gaussian, Mixture, StationaryField
from synclab.spaces.image import Image
from synclab.spaces.panorama import Panorama
from synclab.spaces.wide import Wide

torch.set_num_threads(min(2, torch.get_num_threads()))
quick_composition.install()
os.fsync = lambda descriptor: None  # no test cuts the power
gc.disable()  # until all tests are collected: what they import stays


def pytest_sessionstart(session: pytest.Session) -> None:
    """Log records are captured for the tests that read them: attaching to every logger of every
    library takes milliseconds, three times a test.
    """
    plugin: Any = session.config.pluginmanager.get_plugin("logging-plugin")
    capture = plugin._runtest_for

    def capture_if_read(item: Any, when: str) -> contextlib.AbstractContextManager[None]:
        if "caplog" in item.fixturenames:
            return capture(item, when)
        item.stash[caplog_handler_key] = plugin.caplog_handler  # which pytest takes out again
        return contextlib.nullcontext()

    plugin._runtest_for = capture_if_read


def pytest_collection_finish() -> None:
    """Modules and tests stay until the end; garbage collection need not look at them again."""
    gc.freeze()
    gc.enable()


Algorithm = Callable[..., Iterator[Tensor | None]]

PRIORS = {"gaussian": Gaussian, "mixture": Mixture, "field": StationaryField}


def image(**changes: Any) -> Image:
    size: dict[str, Any] = {"channels": 2, "height": 8, "width": 8, "view_size": 8}
    return Image(**size | changes)


def wide(**changes: Any) -> Wide:
    size: dict[str, Any] = {"channels": 2, "height": 8, "width": 32, "view_size": 8, "stride": 4}
    return Wide(**size | changes)


def panorama(**changes: Any) -> Panorama:
    size: dict[str, Any] = {"channels": 2, "height": 32, "width": 64, "view_size": 8}
    return Panorama(**size | changes)


def sphere(**changes: Any) -> Panorama:
    return panorama(**{"cover": "sphere", "fov": 90.0} | changes)


class Halves:
    """A codec whose latents are half as large: mean of 2 x 2 pixels, and each repeated."""

    def encode(self, y: Tensor) -> Tensor:
        return torch.nn.functional.avg_pool2d(y, 2)

    def decode(self, x: Tensor) -> Tensor:
        return x.repeat_interleave(2, -1).repeat_interleave(2, -2)


ONE_TO_ONE = {
    "image": image(),
    "image odd": image(height=7, width=7, view_size=7),
    "wide": wide(),
    "wide odd": wide(height=9, width=31, view_size=9, stride=5),
    "wide ring": wide(ring=True),
    "two rows odd ring": wide(height=11, width=31, stride=5, ring=True),
    "wide ring odd": wide(height=9, width=31, view_size=9, stride=5, ring=True),
}
PANORAMAS = {
    "panorama ring": panorama(),
    "panorama sphere": sphere(),
    "panorama nearest": panorama(sampling="nearest"),
    "panorama odd": panorama(height=31, width=61, view_size=9),
}
ADJOINT_PANORAMAS = {
    "adjoint ring": panorama(inverse="adjoint"),
    "adjoint sphere": sphere(inverse="adjoint"),
    "adjoint nearest": panorama(sampling="nearest", inverse="adjoint"),
    "adjoint odd": panorama(height=31, width=61, view_size=9, inverse="adjoint"),
}
ADJOINT = ONE_TO_ONE | ADJOINT_PANORAMAS
SPACES = ADJOINT | PANORAMAS | {"codec": panorama(codec=Halves(), factor=2)}


def prior_of(space: Any, prior: type = Gaussian, **changes: Any) -> Any:
    """An exact prior of the size that this space's views have for the network."""
    size = space.view_size // space.factor
    return prior(shape=(space.channels, size, size), **changes)


def streams(seed: int = 0) -> Streams:
    return Streams("test", seed, dtype=torch.float64)


class Changed(Streams):
    """The usual noise, passed through `change(purpose, noise)`."""

    def __init__(self, change: Callable[[str, Tensor], Tensor], seed: int = 0) -> None:
        super().__init__("test", seed, dtype=torch.float64)
        self.change = change

    def normal(self, purpose: str, shape: tuple[int, ...]) -> Tensor:
        return self.change(purpose, super().normal(purpose, shape))


def last(method: Algorithm, prior: Prior, space: Space, rng: Rng | None = None) -> Tensor:
    """The result of a method."""
    *_, z = method(prior, space, Everywhere(), rng or streams())
    assert z is not None
    return z


def random_state(space: Space, seed: int = 0) -> Tensor:
    """Standard normal canonical state."""
    return streams(seed).normal("state", space.shape)


def close(actual: Tensor, expected: Tensor, tolerance: float) -> None:
    torch.testing.assert_close(actual, expected, rtol=0, atol=tolerance)


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stable Diffusion's format, made once however many test files ask for it."""
    import small_checkpoint  # takes seconds, which other files need not wait for

    return small_checkpoint.save(
        tmp_path_factory.getbasetemp() / "checkpoint", small_checkpoint.PLAIN
    )


@pytest.fixture(scope="session")
def flow_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stable Diffusion 3's format."""
    import small_checkpoint

    return small_checkpoint.save(tmp_path_factory.getbasetemp() / "flow", small_checkpoint.FLOW)
