"""A space that compares every estimate with the known region, before the method puts it back."""

from torch import Tensor

from synclab.core.forwarding import ForwardingSpace
from synclab.core.protocols import Space, Views


class MeasuredSpace(ForwardingSpace):
    """Appends to `errors` the mean square error of each average inside the known region.

    Yeo et al. 2025 (arXiv 2501.15445), App. D.1: the measurement error of x0 at every step.
    """

    def __init__(self, inner: Space) -> None:
        super().__init__(inner)
        self.errors: list[float] = []

    def average(self, y: Tensor, views: Views, old: Tensor | None) -> Tensor:
        z, known = super().average(y, views, old), self.known
        if known is not None and known.weight.any():
            weight = known.weight.to(z).expand_as(z)
            squares = weight * (z - known.state.to(z)).square()
            self.errors.append(float(squares.sum() / weight.sum()))
        return z
