"""A wrapper that forwards every call to another space, for recording or timing."""

from collections.abc import Sequence

from torch import Tensor

from synclab.core.known import Known
from synclab.core.protocols import Rng, Space, Views


class ForwardingSpace:
    """Forwards every call to `inner`; subclasses override the operations that they observe."""

    def __init__(self, inner: Space) -> None:
        self.inner = inner

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.inner.shape

    @property
    def initial(self) -> Tensor | None:
        return self.inner.initial

    @property
    def known(self) -> Known | None:
        return self.inner.known

    def all_views(self) -> Views:
        return self.inner.all_views()

    def disjoint_views(self, step: int, rng: Rng) -> Views:
        return self.inner.disjoint_views(step, rng)

    def shifted_views(self, rng: Rng) -> Views:
        return self.inner.shifted_views(rng)

    def overlaps(self) -> Sequence[tuple[Space, Views]]:
        return self.inner.overlaps()

    def around_overlaps(self) -> tuple[int, Views]:
        return self.inner.around_overlaps()

    def random_views(self, count: int, rng: Rng) -> Views:
        return self.inner.random_views(count, rng)

    def project(self, z: Tensor, views: Views) -> Tensor:
        return self.inner.project(z, views)

    def project_noise(self, noise: Tensor, views: Views) -> Tensor:
        return self.inner.project_noise(noise, views)

    def scatter(self, y: Tensor, views: Views) -> tuple[Tensor, Tensor]:
        return self.inner.scatter(y, views)

    def average(self, y: Tensor, views: Views, old: Tensor | None) -> Tensor:
        return self.inner.average(y, views, old)

    def inwardness(self, views: Views) -> Tensor:
        return self.inner.inwardness(views)

    def overlay(self, own: Tensor, seen: Tensor, views: Views) -> Tensor:
        return self.inner.overlay(own, seen, views)

    def beside(self, views: Views, rng: Rng) -> tuple[Tensor, Tensor] | None:
        return self.inner.beside(views, rng)

    def to_instance(self, y: Tensor) -> Tensor:
        return self.inner.to_instance(y)

    def to_canonical(self, x: Tensor) -> Tensor:
        return self.inner.to_canonical(x)
