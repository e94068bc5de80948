"""A space that times projection and its inverse."""

from torch import Tensor

from synclab.core.forwarding import ForwardingSpace
from synclab.core.meter import Meter
from synclab.core.protocols import Space, Views


class MeteredSpace(ForwardingSpace):
    """Adds the time spent in `project`, `scatter` and `average` to the meter's "projection"."""

    def __init__(self, inner: Space, meter: Meter) -> None:
        super().__init__(inner)
        self.meter = meter

    def project(self, z: Tensor, views: Views) -> Tensor:
        with self.meter("projection", z.device):
            return super().project(z, views)

    def scatter(self, y: Tensor, views: Views) -> tuple[Tensor, Tensor]:
        with self.meter("projection", y.device):
            return super().scatter(y, views)

    def average(self, y: Tensor, views: Views, old: Tensor | None) -> Tensor:
        with self.meter("projection", y.device):
            return super().average(y, views, old)
