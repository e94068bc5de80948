"""Ridge least squares by preconditioned conjugate gradients."""

from collections.abc import Callable

from torch import Tensor


def solve_ridge(
    normal: Callable[[Tensor], Tensor],
    right: Tensor,
    centre: Tensor,
    diagonal: Tensor,
    ridge: float,
    steps: int,
) -> Tensor:
    """argmin over z (c, n) of ||A z - y||^2 + ridge ||z - centre||^2, started from `centre`.

    Args:
        normal: z to A^T A z.
        right: A^T y (c, n).
        diagonal: (n,) positive estimate of the diagonal of A^T A, the preconditioner.
    """
    z, scale = centre.clone(), 1 / (diagonal + ridge)
    residual = right - normal(centre)
    step = ready = scale * residual
    energy = (residual * ready).sum(1, keepdim=True)
    for _ in range(steps):
        image = normal(step) + ridge * step
        length = energy / (step * image).sum(1, keepdim=True).clamp_min(1e-30)
        z, residual = z + length * step, residual - length * image
        ready, before = scale * residual, energy
        energy = (residual * ready).sum(1, keepdim=True)
        step = ready + energy / before.clamp_min(1e-30) * step
    return z
