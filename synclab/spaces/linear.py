"""Linear maps with an explicit transpose, as differentiable functions."""

from typing import Any, Protocol

from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable


class LinearMap(Protocol):
    """A linear map from a canonical state to views, and its transpose."""

    def read(self, z: Tensor) -> Tensor: ...

    def transpose(self, y: Tensor) -> Tensor: ...


def apply(linear: LinearMap, z: Tensor) -> Tensor:
    """`linear.read(z)`, differentiable once with respect to z."""
    result: Any = _Linear.apply(z, linear)
    return result


class _Linear(Function):
    """Uses the transpose as the gradient, where autograd would keep every intermediate tensor."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, linear: LinearMap) -> Tensor:
        ctx.linear = linear
        return linear.read(z)

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]: the decorator hides names
        ctx: Any, y: Tensor
    ) -> tuple[Tensor, None]:
        return ctx.linear.transpose(y), None
